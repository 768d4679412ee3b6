;; The gathering copy: two pieces behind each other, 16 bytes at a time; and whether two pieces are the same.
;; It may read and write up to 63 bytes past the end of each piece; the arena leaves room for that.
(module
  (import "arena" "memory" (memory 1))
  (func $copy (param $to i32) (param $from i32) (param $count i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $from) (local.get $count)))
    (if (i32.ge_u (local.get $count) (i32.const 4096))
      (then
        (memory.copy (local.get $to) (local.get $from) (local.get $count))
        (return)))
    (block $long (loop $again
      (br_if $long (i32.gt_u (i32.add (local.get $from) (i32.const 64)) (local.get $end)))
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (v128.store offset=16 (local.get $to) (v128.load offset=16 (local.get $from)))
      (v128.store offset=32 (local.get $to) (v128.load offset=32 (local.get $from)))
      (v128.store offset=48 (local.get $to) (v128.load offset=48 (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 64)))
      (local.set $from (i32.add (local.get $from) (i32.const 64)))
      (br $again)))
    (block $done (loop $again
      (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
      (v128.store (local.get $to) (v128.load (local.get $from)))
      (local.set $to (i32.add (local.get $to) (i32.const 16)))
      (local.set $from (i32.add (local.get $from) (i32.const 16)))
      (br $again))))
  (func (export "copy2") (param $to i32) (param $a i32) (param $aLength i32) (param $b i32) (param $bLength i32)
    (call $copy (local.get $to) (local.get $a) (local.get $aLength))
    (call $copy (i32.add (local.get $to) (local.get $aLength)) (local.get $b) (local.get $bLength)))
  (func (export "copy1") (param $to i32) (param $from i32) (param $count i32)
    (call $copy (local.get $to) (local.get $from) (local.get $count)))
  (func (export "same") (param $a i32) (param $b i32) (param $count i32) (result i32)
    (local $differ i32)
    (loop $again
      (local.set $differ (i32.xor (i32.const 0xffff) (i8x16.bitmask (i8x16.eq (v128.load (local.get $a)) (v128.load (local.get $b))))))
      (if (i32.le_u (local.get $count) (i32.const 16))
        (then
          (return (i32.eqz (i32.and (local.get $differ) (i32.sub (i32.shl (i32.const 1) (local.get $count)) (i32.const 1)))))))
      (if (local.get $differ) (then (return (i32.const 0))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $count (i32.sub (local.get $count) (i32.const 16)))
      (br $again))
    (unreachable)))
