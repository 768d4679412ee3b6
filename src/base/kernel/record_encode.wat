;; Writes the record of a message (store/format/record.ts) whose parts lie in the arena, with its checksum.
;;
;; at $key 32 bytes key, 256 state of the hash; the record goes to $at. $first is its length, with bit 31 set when there
;; are headers. Up to 63 bytes behind the record may be scribbled on, and up to 63 behind each part read.
(module
  (import "arena" "memory" (memory 1))
  (import "copy" "copy1" (func $copy (param i32) (param i32) (param i32)))
  (import "hash" "run" (func $run
    (param i32) (param i32) (param i32) (param i32) (param i32) (param i32)
    (param i32) (param i32) (param i32) (param i32) (param i32)))
  (func (export "encode") (param $key i32) (param $at i32) (param $first i32)
    (param $seqLow i32) (param $seqHigh i32) (param $timeLow i32) (param $timeHigh i32)
    (param $subject i32) (param $subjectLength i32) (param $header i32) (param $headerLength i32)
    (param $body i32) (param $bodyLength i32)
    (local $to i32) (local $sum i32)
    (local.set $to (i32.add (local.get $at) (i32.const 22)))
    (call $copy (local.get $to) (local.get $subject) (local.get $subjectLength))
    (local.set $to (i32.add (local.get $to) (local.get $subjectLength)))
    (if (local.get $headerLength)
      (then
        (i32.store (local.get $to) (local.get $headerLength))
        (local.set $to (i32.add (local.get $to) (i32.const 4)))
        (call $copy (local.get $to) (local.get $header) (local.get $headerLength))
        (local.set $to (i32.add (local.get $to) (local.get $headerLength)))))
    (call $copy (local.get $to) (local.get $body) (local.get $bodyLength))
    (local.set $sum (i32.add (local.get $to) (local.get $bodyLength)))
    ;; sequence and time lie right before the subject for a moment: one piece to hash, or two with headers, whose
    ;; length does not count
    (i32.store offset=6 (local.get $at) (local.get $seqLow))
    (i32.store offset=10 (local.get $at) (local.get $seqHigh))
    (i32.store offset=14 (local.get $at) (local.get $timeLow))
    (i32.store offset=18 (local.get $at) (local.get $timeHigh))
    (if (local.get $headerLength)
      (then
        (call $run (i32.add (local.get $key) (i32.const 32)) (local.get $key)
          (i32.add (local.get $at) (i32.const 6)) (i32.add (local.get $subjectLength) (i32.const 16))
          (i32.sub (local.get $to) (local.get $headerLength)) (i32.add (local.get $headerLength) (local.get $bodyLength))
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get $sum)))
      (else
        (call $run (i32.add (local.get $key) (i32.const 32)) (local.get $key)
          (i32.add (local.get $at) (i32.const 6))
          (i32.add (i32.add (local.get $subjectLength) (local.get $bodyLength)) (i32.const 16))
          (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (local.get $sum))))
    (i32.store (local.get $at) (local.get $first))
    (i32.store offset=4 (local.get $at) (local.get $seqLow))
    (i32.store offset=8 (local.get $at) (local.get $seqHigh))
    (i32.store offset=12 (local.get $at) (local.get $timeLow))
    (i32.store offset=16 (local.get $at) (local.get $timeHigh))
    (i32.store16 offset=20 (local.get $at) (local.get $subjectLength))))
