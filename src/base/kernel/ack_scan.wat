;; Reads acknowledgements (account/ack_lane.ts) that lie behind each other, as long as they are the plain ones:
;;
;;   PUB <beginning><deliveries>.<stream seq>.<consumer seq>.<time>.<pending> 4\r\n+ACK\r\n
;;
;; A row of 32 bytes in $table for each: the first three numbers as f64, where it ends as i32.
;; The beginning is at least 16 bytes long; a line has at most $mostLine. Returns how many there are, $most at most.
(module
  (import "arena" "memory" (memory 1))
  ;; where the digits that stand at $at end, eight at a time as long as it is eight
  (func $pastDigits (param $at i32) (param $to i32) (result i32)
    (local $word i64)
    (block $done (loop $again
      (br_if $done (i32.gt_u (i32.add (local.get $at) (i32.const 8)) (local.get $to)))
      ;; a digit has 3 in its upper half, also when 6 is added
      (local.set $word (i64.load (local.get $at)))
      (br_if $done (i64.ne (i64.and (local.get $word) (i64.const 0xf0f0f0f0f0f0f0f0)) (i64.const 0x3030303030303030)))
      (br_if $done (i64.ne
        (i64.and (i64.add (local.get $word) (i64.const 0x0606060606060606)) (i64.const 0xf0f0f0f0f0f0f0f0))
        (i64.const 0x3030303030303030)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $again)))
    (block $end (loop $one
      (br_if $end (i32.ge_u (local.get $at) (local.get $to)))
      (br_if $end (i32.gt_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 9)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br $one)))
    (local.get $at))
  (func (export "scan")
    (param $at i32) (param $to i32) (param $beginning i32) (param $length i32) (param $mostLine i32)
    (param $table i32) (param $most i32) (result i32)
    (local $count i32) (local $from i32) (local $here i32) (local $i i32) (local $last i32) (local $column i32)
    (local $row i32) (local $digit i32) (local $value i64) (local $start i32)
    (local.set $last (i32.sub (local.get $length) (i32.const 16)))
    (local.set $row (local.get $table))
    (block $end (loop $next
      (br_if $end (i32.ge_u (local.get $count) (local.get $most)))
      (local.set $from (i32.add (local.get $at) (i32.const 4)))
      (br_if $end (i32.gt_u (i32.add (local.get $from) (local.get $length)) (local.get $to)))
      ;; "PUB "
      (br_if $end (i32.ne (i32.load (local.get $at)) (i32.const 0x20425550)))
      ;; sixteen bytes at a time, the last of them perhaps again
      (local.set $i (i32.const 0))
      (block $same (loop $again
        (br_if $same (i32.ge_s (local.get $i) (local.get $last)))
        (br_if $end (v128.any_true (v128.xor
          (v128.load (i32.add (local.get $from) (local.get $i)))
          (v128.load (i32.add (local.get $beginning) (local.get $i))))))
        (local.set $i (i32.add (local.get $i) (i32.const 16)))
        (br $again)))
      (br_if $end (v128.any_true (v128.xor
        (v128.load (i32.add (local.get $from) (local.get $last)))
        (v128.load (i32.add (local.get $beginning) (local.get $last))))))
      (local.set $here (i32.add (local.get $from) (local.get $length)))
      ;; three numbers of at most fifteen digits, a dot behind each
      (local.set $column (local.get $row))
      (loop $number
        (local.set $value (i64.const 0))
        (local.set $start (local.get $here))
        (block $read (loop $more
          (br_if $end (i32.ge_u (local.get $here) (local.get $to)))
          (local.set $digit (i32.sub (i32.load8_u (local.get $here)) (i32.const 48)))
          (br_if $read (i32.gt_u (local.get $digit) (i32.const 9)))
          (local.set $value (i64.add
            (i64.mul (local.get $value) (i64.const 10)) (i64.extend_i32_u (local.get $digit))))
          (local.set $here (i32.add (local.get $here) (i32.const 1)))
          (br $more)))
        ;; a dot, seen as a digit
        (br_if $end (i32.ne (local.get $digit) (i32.const -2)))
        (br_if $end (i32.gt_u
          (i32.sub (i32.sub (local.get $here) (local.get $start)) (i32.const 1)) (i32.const 14)))
        (f64.store (local.get $column) (f64.convert_i64_s (local.get $value)))
        (local.set $column (i32.add (local.get $column) (i32.const 8)))
        (local.set $here (i32.add (local.get $here) (i32.const 1)))
        (br_if $number (i32.lt_u (local.get $column) (i32.add (local.get $row) (i32.const 24)))))
      ;; the time
      (local.set $start (local.get $here))
      (local.set $here (call $pastDigits (local.get $here) (local.get $to)))
      (br_if $end (i32.eq (local.get $here) (local.get $start)))
      (br_if $end (i32.ge_u (local.get $here) (local.get $to)))
      (br_if $end (i32.ne (i32.load8_u (local.get $here)) (i32.const 0x2e)))
      ;; what is pending
      (local.set $start (i32.add (local.get $here) (i32.const 1)))
      (local.set $here (call $pastDigits (local.get $start) (local.get $to)))
      (br_if $end (i32.eq (local.get $here) (local.get $start)))
      (br_if $end (i32.gt_u (i32.add (local.get $here) (i32.const 10)) (local.get $to)))
      (br_if $end (i32.gt_u (i32.sub (i32.add (local.get $here) (i32.const 2)) (local.get $from)) (local.get $mostLine)))
      ;; " 4\r\n+ACK" and "\r\n"
      (br_if $end (i64.ne (i64.load (local.get $here)) (i64.const 0x4b43412b0a0d3420)))
      (br_if $end (i32.ne (i32.load16_u offset=8 (local.get $here)) (i32.const 0x0a0d)))
      (local.set $at (i32.add (local.get $here) (i32.const 10)))
      (i32.store offset=24 (local.get $row) (local.get $at))
      (local.set $row (i32.add (local.get $row) (i32.const 32)))
      (local.set $count (i32.add (local.get $count) (i32.const 1)))
      (br $next)))
    (local.get $count)))
