;; Messages that tell one subscriber of one number after the other, each on a subject of its own:
;;
;;     MSG │ subject │ line      one behind the other at $to; in `line` the decimal digits that end at $digits count up
;;
;; The subjects, all as long as the first, lie behind each other at $subjects. Ends before one that does not begin with
;; the first's $prefix bytes, 8 or more, or has a dot behind them. Returns how many there are. Up to 63 bytes behind the
;; last one may be scribbled on, and up to 63 behind line and subjects read.
(module
  (import "arena" "memory" (memory 1))
  (import "copy" "copy1" (func $copy (param i32) (param i32) (param i32)))
  (func $isAlike (param $a i32) (param $b i32) (param $prefix i32) (param $length i32) (result i32)
    (local $at i32) (local $last i32)
    (local.set $last (i32.sub (local.get $prefix) (i32.const 8)))
    (loop $next
      (if (i64.ne
          (i64.load (i32.add (local.get $a) (local.get $at)))
          (i64.load (i32.add (local.get $b) (local.get $at))))
        (then (return (i32.const 0))))
      (if (i32.lt_u (local.get $at) (local.get $last))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 8)))
          ;; the last 8, whichever of them were compared already
          (if (i32.gt_u (local.get $at) (local.get $last)) (then (local.set $at (local.get $last))))
          (br $next))))
    (local.set $at (local.get $prefix))
    (loop $next
      (if (i32.eq (i32.load8_u (i32.add (local.get $b) (local.get $at))) (i32.const 0x2e))
        (then (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $length))))
    (i32.const 1))
  (func (export "answers") (param $to i32) (param $subjects i32) (param $length i32) (param $prefix i32)
    (param $count i32) (param $line i32) (param $lineLength i32) (param $digits i32) (result i32)
    (local $done i32) (local $subject i32) (local $at i32) (local $digit i32)
    (local.set $subject (local.get $subjects))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $done) (local.get $count)))
      (br_if $end (i32.eqz (call $isAlike
        (local.get $subjects) (local.get $subject) (local.get $prefix) (local.get $length))))
      (i32.store (local.get $to) (i32.const 0x2047534d))
      (local.set $to (i32.add (local.get $to) (i32.const 4)))
      (call $copy (local.get $to) (local.get $subject) (local.get $length))
      (local.set $to (i32.add (local.get $to) (local.get $length)))
      (call $copy (local.get $to) (local.get $line) (local.get $lineLength))
      (local.set $to (i32.add (local.get $to) (local.get $lineLength)))
      (local.set $subject (i32.add (local.get $subject) (local.get $length)))
      (local.set $done (i32.add (local.get $done) (i32.const 1)))
      ;; the next number; whoever calls sees to it that it has as many digits
      (local.set $at (i32.sub (local.get $digits) (i32.const 1)))
      (block $counted (loop $carry
        (local.set $digit (i32.load8_u (local.get $at)))
        (br_if $counted (i32.ne (local.get $digit) (i32.const 0x39)))
        (i32.store8 (local.get $at) (i32.const 0x30))
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (br $carry)))
      (i32.store8 (local.get $at) (i32.add (local.get $digit) (i32.const 1)))
      (br $next)))
    (local.get $done)))
