;; Checks records (store/format/record.ts) that lie behind each other and whose lengths are right: the checksum of each.
;;
;; at $base 32 bytes key, 256 state of the hash, 32 sum; the record at $at is the first of $most.
;; Returns how many are good before one that is not. Up to 31 bytes behind the last one may be read.
(module
  (import "arena" "memory" (memory 1))
  (import "hash" "run" (func $run
    (param i32) (param i32) (param i32) (param i32) (param i32) (param i32)
    (param i32) (param i32) (param i32) (param i32) (param i32)))
  (import "hash" "two" (func $two (param i32) (param i32) (param i32) (param i32) (result i64)))
  (func (export "check") (param $base i32) (param $at i32) (param $most i32) (result i32)
    (local $good i32) (local $length i32) (local $subject i32) (local $subjectLength i32) (local $body i32)
    (local $bodyTo i32) (local $state i32) (local $sum i32) (local $hash i64)
    (local.set $state (i32.add (local.get $base) (i32.const 32)))
    (local.set $sum (i32.add (local.get $base) (i32.const 288)))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $good) (local.get $most)))
      (local.set $length (i32.and (i32.load (local.get $at)) (i32.const 0x7fffffff)))
      (local.set $bodyTo (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 8)))
      (local.set $subject (i32.add (local.get $at) (i32.const 22)))
      (if (i32.and
        (i32.ge_s (i32.load (local.get $at)) (i32.const 0))
        (i32.ge_s (i32.sub (local.get $bodyTo) (local.get $subject)) (i32.const 16)))
        (then
          (local.set $hash (call $two (local.get $base) (i32.add (local.get $at) (i32.const 4))
            (local.get $subject) (i32.sub (local.get $bodyTo) (local.get $subject)))))
        (else
          (local.set $subjectLength (i32.load16_u offset=20 (local.get $at)))
          (local.set $body (i32.add (local.get $subject) (local.get $subjectLength)))
          ;; it has headers: their length does not count
          (if (i32.lt_s (i32.load (local.get $at)) (i32.const 0))
            (then (local.set $body (i32.add (local.get $body) (i32.const 4)))))
          (br_if $end (i32.gt_u (local.get $body) (local.get $bodyTo)))
          (call $run (local.get $state) (local.get $base)
            (i32.add (local.get $at) (i32.const 4)) (i32.const 16)
            (local.get $subject) (local.get $subjectLength)
            (local.get $body) (i32.sub (local.get $bodyTo) (local.get $body))
            (i32.const 0) (i32.const 0) (local.get $sum))
          (local.set $hash (i64.load (local.get $sum)))))
      (br_if $end (i64.ne (local.get $hash) (i64.load (local.get $bodyTo))))
      (local.set $good (i32.add (local.get $good) (i32.const 1)))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (br $next)))
    (local.get $good)))
