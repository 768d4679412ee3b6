;; Walks over stored records (store/format/record.ts) that lie behind each other, checks each and counts it, as long as
;; there is nothing to say about it: messages without headers, sequences without a gap, subjects of the table.
;;
;; table    buckets of 4 slots of 128 bytes: length u32, number u32, count u32, hash u32, first f64, last f64, 96 bytes of subject
;; at $base 32 bytes key, 256 state of the hash, 32 sum, then what is told:
;;   320 at u32: the record where it stopped · 324 lastAt u32: the last one counted · 328 count u32
;;   332 slot u32: of the record's subject, or one it may take; 0: it can have none · 336 isKnown u32: it has that slot · 340 hash u32
;; returns 0 the record does not end before $end · 1 it is no good · 2 it is good, and something is to be said about it
(module
  (import "arena" "memory" (memory 1))
  (import "hash" "run" (func $run
    (param i32) (param i32) (param i32) (param i32) (param i32) (param i32)
    (param i32) (param i32) (param i32) (param i32) (param i32)))
  (import "hash" "two" (func $two (param i32) (param i32) (param i32) (param i32) (result i64)))
  (func $mix (param $hash i64) (param $word i64) (result i64)
    ;; the high bits count in the low ones before they are spread, and after
    (local.set $hash (i64.xor (local.get $hash) (local.get $word)))
    (local.set $hash (i64.mul
      (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))) (i64.const 0x9e3779b97f4a7c15)))
    (i64.xor (local.get $hash) (i64.shr_u (local.get $hash) (i64.const 32))))
  ;; the bytes of a subject shorter than 8; what is read behind it does not count
  (func $short (param $at i32) (param $length i32) (result i64)
    (i64.and (i64.load (local.get $at))
      (i64.sub (i64.shl (i64.const 1) (i64.extend_i32_u (i32.shl (local.get $length) (i32.const 3)))) (i64.const 1))))
  (func $hashOf (param $at i32) (param $length i32) (result i32)
    (local $hash i64) (local $last i32)
    (local.set $hash (i64.extend_i32_u (local.get $length)))
    (if (i32.lt_u (local.get $length) (i32.const 8))
      (then (local.set $hash (call $mix (local.get $hash) (call $short (local.get $at) (local.get $length)))))
      (else
        (local.set $last (i32.add (local.get $at) (i32.sub (local.get $length) (i32.const 8))))
        (block $done (loop $again
          (br_if $done (i32.ge_u (local.get $at) (local.get $last)))
          (local.set $hash (call $mix (local.get $hash) (i64.load (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          (br $again)))
        (local.set $hash (call $mix (local.get $hash) (i64.load (local.get $last))))))
    (i32.wrap_i64 (local.get $hash)))
  (func $same (param $a i32) (param $b i32) (param $length i32) (result i32)
    (local $rest i32)
    (if (i32.lt_u (local.get $length) (i32.const 8))
      (then (return (i64.eq
        (call $short (local.get $a) (local.get $length))
        (call $short (local.get $b) (local.get $length))))))
    (local.set $rest (i32.sub (local.get $length) (i32.const 8)))
    ;; from the end: names share their beginnings
    (loop $again
      (if (i64.ne
        (i64.load (i32.add (local.get $a) (local.get $rest)))
        (i64.load (i32.add (local.get $b) (local.get $rest)))) (then (return (i32.const 0))))
      (if (i32.eqz (local.get $rest)) (then (return (i32.const 1))))
      (local.set $rest (select (i32.sub (local.get $rest) (i32.const 8)) (i32.const 0)
        (i32.gt_u (local.get $rest) (i32.const 8))))
      (br $again))
    (unreachable))
  (func (export "scan")
    (param $base i32) (param $at i32) (param $end i32) (param $last f64) (param $table i32) (param $buckets i32)
    (result i32)
    (local $seq i64) (local $told i32) (local $length i32) (local $subject i32) (local $subjectLength i32)
    (local $body i32) (local $bodyTo i32) (local $hash i32) (local $slot i32) (local $bucketTo i32) (local $count i32)
    (local $sum i64)
    (local.set $seq (i64.trunc_f64_s (local.get $last)))
    (local.set $told (i32.add (local.get $base) (i32.const 320)))
    (i32.store offset=4 (local.get $told) (i32.const 0))
    (loop $next
      (i32.store (local.get $told) (local.get $at))
      (i32.store offset=8 (local.get $told) (local.get $count))
      (if (i32.lt_u (i32.sub (local.get $end) (local.get $at)) (i32.const 30)) (then (return (i32.const 0))))
      (local.set $length (i32.and (i32.load (local.get $at)) (i32.const 0x7fffffff)))
      (local.set $subject (i32.add (local.get $at) (i32.const 22)))
      (local.set $subjectLength (i32.load16_u offset=20 (local.get $at)))
      (local.set $body (i32.add (local.get $subject) (local.get $subjectLength)))
      (if (i32.or
        (i32.gt_u (local.get $length) (i32.const 0x2000000))
        (i32.gt_u (i32.add (local.get $subjectLength) (i32.const 30)) (local.get $length)))
        (then (return (i32.const 1))))
      (if (i32.gt_u (local.get $length) (i32.sub (local.get $end) (local.get $at))) (then (return (i32.const 0))))
      (local.set $bodyTo (i32.add (local.get $at) (i32.sub (local.get $length) (i32.const 8))))
      (if (i32.lt_s (i32.load (local.get $at)) (i32.const 0))
        (then
          (local.set $body (i32.add (local.get $body) (i32.const 4)))
          (if (i32.gt_u (local.get $body) (local.get $bodyTo)) (then (return (i32.const 1))))
          (if (i32.gt_u (i32.load (i32.sub (local.get $body) (i32.const 4))) (i32.sub (local.get $bodyTo) (local.get $body)))
            (then (return (i32.const 1))))))
      (if (i32.and
        (i32.ge_s (i32.load (local.get $at)) (i32.const 0))
        (i32.ge_u (i32.sub (local.get $bodyTo) (local.get $subject)) (i32.const 16)))
        (then
          (local.set $sum (call $two (local.get $base) (i32.add (local.get $at) (i32.const 4))
            (local.get $subject) (i32.sub (local.get $bodyTo) (local.get $subject)))))
        (else
          (call $run
            (i32.add (local.get $base) (i32.const 32)) (local.get $base)
            (i32.add (local.get $at) (i32.const 4)) (i32.const 16)
            (local.get $subject) (local.get $subjectLength)
            (local.get $body) (i32.sub (local.get $bodyTo) (local.get $body))
            (i32.const 0) (i32.const 0)
            (i32.add (local.get $base) (i32.const 288)))
          (local.set $sum (i64.load offset=288 (local.get $base)))))
      (if (i64.ne (local.get $sum) (i64.load (local.get $bodyTo))) (then (return (i32.const 1))))
      ;; where its subject is, or may be
      (local.set $slot (i32.const 0))
      (i32.store offset=16 (local.get $told) (i32.const 0))
      (if (i32.lt_u (i32.sub (local.get $subjectLength) (i32.const 1)) (i32.const 96))
        (then
          (local.set $hash (call $hashOf (local.get $subject) (local.get $subjectLength)))
          (local.set $slot (i32.add (local.get $table)
            (i32.shl (i32.and (local.get $hash) (i32.sub (local.get $buckets) (i32.const 1))) (i32.const 9))))
          (local.set $bucketTo (i32.add (local.get $slot) (i32.const 512)))
          (block $found
            (block $free (loop $other
              (br_if $free (i32.eqz (i32.load (local.get $slot))))
              (if (i32.and
                (i32.eq (i32.load offset=12 (local.get $slot)) (local.get $hash))
                (i32.eq (i32.load (local.get $slot)) (local.get $subjectLength)))
                (then (if (call $same (i32.add (local.get $slot) (i32.const 32)) (local.get $subject) (local.get $subjectLength))
                  (then
                    (i32.store offset=16 (local.get $told) (i32.const 1))
                    (br $found)))))
              (local.set $slot (i32.add (local.get $slot) (i32.const 128)))
              (br_if $other (i32.lt_u (local.get $slot) (local.get $bucketTo))))
              ;; all are taken: one of the four in turn
              (local.set $slot (i32.add (i32.sub (local.get $bucketTo) (i32.const 512))
                (i32.and (i32.shl (i32.load offset=4 (local.get $at)) (i32.const 7)) (i32.const 384)))))
            (i32.store offset=20 (local.get $told) (local.get $hash)))))
      (i32.store offset=12 (local.get $told) (local.get $slot))
      (if (i32.or
        (i32.or (i32.eqz (i32.load offset=16 (local.get $told))) (i32.lt_s (i32.load (local.get $at)) (i32.const 0)))
        (i64.ne (i64.load offset=4 (local.get $at)) (i64.add (local.get $seq) (i64.const 1))))
        (then (return (i32.const 2))))
      ;; it has flags, or is above 2^53 - 1
      (if (i64.ne (i64.shr_u (i64.load offset=4 (local.get $at)) (i64.const 53)) (i64.const 0)) (then (return (i32.const 2))))
      (local.set $seq (i64.load offset=4 (local.get $at)))
      (if (i32.eqz (i32.load offset=8 (local.get $slot)))
        (then (f64.store offset=16 (local.get $slot) (f64.convert_i64_s (local.get $seq)))))
      (f64.store offset=24 (local.get $slot) (f64.convert_i64_s (local.get $seq)))
      (i32.store offset=8 (local.get $slot) (i32.add (i32.load offset=8 (local.get $slot)) (i32.const 1)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (i32.store offset=4 (local.get $told) (local.get $at))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (br $next))
    (unreachable)))
