;; HighwayHash-64 over up to four pieces behind each other, and over as many calls as wanted.
;; May read up to 31 bytes past the end of a piece.
;;
;; `state` is 256 bytes, its owner the caller:
;;   0    v0, v1, mul0, mul1   four 64-bit lanes each
;;   128  packet               up to 32 bytes that wait for a full packet, room for overshoot
;;   192  held                 how many those are
(module
  (import "arena" "memory" (memory 1))
  ;; key: offset of 32 bytes to start from, 0 to go on from `state`.
  ;; to: where the 8 bytes of the hash go, 0 to leave the state for the next call.
  (func (export "run") (param $state i32) (param $key i32)
    (param $a i32) (param $aLength i32) (param $b i32) (param $bLength i32)
    (param $c i32) (param $cLength i32) (param $d i32) (param $dLength i32) (param $to i32)
    (local $v0 v128) (local $v0b v128) (local $v1 v128) (local $v1b v128)
    (local $m0 v128) (local $m0b v128) (local $m1 v128) (local $m1b v128)
    (local $packet i32) (local $held i32) (local $take i32) (local $from i32) (local $phase i32) (local $word i32)
    (local.set $packet (i32.add (local.get $state) (i32.const 128)))
    (if (local.get $key)
      (then
        (local.set $m0 (v128.const i64x2 0xdbe6d5d5fe4cce2f 0xa4093822299f31d0))
        (local.set $m0b (v128.const i64x2 0x13198a2e03707344 0x243f6a8885a308d3))
        (local.set $m1 (v128.const i64x2 0x3bd39e10cb0ef593 0xc0acf169b5f18a8c))
        (local.set $m1b (v128.const i64x2 0xbe5466cf34e90c6c 0x452821e638d01377))
        (local.set $v0 (v128.load (local.get $key)))
        (local.set $v0b (v128.load offset=16 (local.get $key)))
        (local.set $v1 (v128.xor (local.get $m1)
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0) (local.get $v0))))
        (local.set $v1b (v128.xor (local.get $m1b)
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0b) (local.get $v0b))))
        (local.set $v0 (v128.xor (local.get $m0) (local.get $v0)))
        (local.set $v0b (v128.xor (local.get $m0b) (local.get $v0b))))
      (else
        (local.set $v0 (v128.load (local.get $state)))
        (local.set $v0b (v128.load offset=16 (local.get $state)))
        (local.set $v1 (v128.load offset=32 (local.get $state)))
        (local.set $v1b (v128.load offset=48 (local.get $state)))
        (local.set $m0 (v128.load offset=64 (local.get $state)))
        (local.set $m0b (v128.load offset=80 (local.get $state)))
        (local.set $m1 (v128.load offset=96 (local.get $state)))
        (local.set $m1b (v128.load offset=112 (local.get $state)))
        (local.set $held (i32.load offset=192 (local.get $state)))))
    (loop $again
      (block $update
        (block $permute
          (br_if $permute (local.get $phase))
          (loop $gather
            ;; a whole packet where it lies
            (if (i32.and (i32.eqz (local.get $held)) (i32.ge_u (local.get $aLength) (i32.const 32)))
              (then
                (local.set $from (local.get $a))
                (local.set $a (i32.add (local.get $a) (i32.const 32)))
                (local.set $aLength (i32.sub (local.get $aLength) (i32.const 32)))
                (br $update)))
            ;; or put together from pieces
            (if (local.get $aLength)
              (then
                (local.set $take (i32.sub (i32.const 32) (local.get $held)))
                (if (i32.lt_u (local.get $aLength) (local.get $take)) (then (local.set $take (local.get $aLength))))
                (local.set $from (i32.add (local.get $packet) (local.get $held)))
                (v128.store (local.get $from) (v128.load (local.get $a)))
                (v128.store offset=16 (local.get $from) (v128.load offset=16 (local.get $a)))
                (local.set $held (i32.add (local.get $held) (local.get $take)))
                (local.set $a (i32.add (local.get $a) (local.get $take)))
                (local.set $aLength (i32.sub (local.get $aLength) (local.get $take)))
                (if (i32.eq (local.get $held) (i32.const 32))
                  (then
                    (local.set $from (local.get $packet))
                    (local.set $held (i32.const 0))
                    (br $update)))))
            (if (i32.or (local.get $bLength) (i32.or (local.get $cLength) (local.get $dLength)))
              (then
                (local.set $a (local.get $b)) (local.set $aLength (local.get $bLength))
                (local.set $b (local.get $c)) (local.set $bLength (local.get $cLength))
                (local.set $c (local.get $d)) (local.set $cLength (local.get $dLength))
                (local.set $dLength (i32.const 0))
                (br $gather))))
          ;; no more pieces
          (if (i32.eqz (local.get $to))
            (then
              (v128.store (local.get $state) (local.get $v0))
              (v128.store offset=16 (local.get $state) (local.get $v0b))
              (v128.store offset=32 (local.get $state) (local.get $v1))
              (v128.store offset=48 (local.get $state) (local.get $v1b))
              (v128.store offset=64 (local.get $state) (local.get $m0))
              (v128.store offset=80 (local.get $state) (local.get $m0b))
              (v128.store offset=96 (local.get $state) (local.get $m1))
              (v128.store offset=112 (local.get $state) (local.get $m1b))
              (i32.store offset=192 (local.get $state) (local.get $held))
              (return)))
          (local.set $phase (i32.const 1))
          (br_if $permute (i32.eqz (local.get $held)))
          ;; the last packet: its length is mixed in, its bytes laid out so that the last ones always count
          (local.set $v0 (i64x2.add (local.get $v0) (i32x4.splat (local.get $held))))
          (local.set $v0b (i64x2.add (local.get $v0b) (i32x4.splat (local.get $held))))
          (local.set $take (i32.sub (i32.const 32) (local.get $held)))
          (local.set $v1 (v128.or (i32x4.shl (local.get $v1) (local.get $held)) (i32x4.shr_u (local.get $v1) (local.get $take))))
          (local.set $v1b (v128.or (i32x4.shl (local.get $v1b) (local.get $held)) (i32x4.shr_u (local.get $v1b) (local.get $take))))
          (local.set $take (i32.and (local.get $held) (i32.const 28)))
          (local.set $from (i32.add (local.get $packet) (local.get $take)))
          (if (i32.ge_u (local.get $held) (i32.const 16))
            (then
              (local.set $word (i32.load (i32.sub (i32.add (local.get $packet) (local.get $held)) (i32.const 4)))))
            (else
              (if (i32.and (local.get $held) (i32.const 3))
                (then
                  (local.set $word (i32.or
                    (i32.load8_u (local.get $from))
                    (i32.or
                      (i32.shl
                        (i32.load8_u (i32.add (local.get $from)
                          (i32.shr_u (i32.and (local.get $held) (i32.const 3)) (i32.const 1))))
                        (i32.const 8))
                      (i32.shl
                        (i32.load8_u (i32.sub (i32.add (local.get $packet) (local.get $held)) (i32.const 1)))
                        (i32.const 16)))))))))
          (v128.store (local.get $from) (v128.const i64x2 0 0))
          (v128.store offset=16 (local.get $from) (v128.const i64x2 0 0))
          (if (i32.ge_u (local.get $held) (i32.const 16))
            (then (i32.store offset=28 (local.get $packet) (local.get $word)))
            (else (i32.store offset=16 (local.get $packet) (local.get $word))))
          (local.set $from (local.get $packet))
          (br $update))
        ;; four rounds of the state mixed into itself end it
        (if (i32.eq (local.get $phase) (i32.const 5))
          (then
            (i64.store (local.get $to) (i64x2.extract_lane 0
              (i64x2.add (i64x2.add (local.get $v0) (local.get $v1)) (i64x2.add (local.get $m0) (local.get $m1)))))
            (return)))
        (local.set $phase (i32.add (local.get $phase) (i32.const 1)))
        (v128.store (local.get $packet)
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0b) (local.get $v0b)))
        (v128.store offset=16 (local.get $packet)
          (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0) (local.get $v0)))
        (local.set $from (local.get $packet)))
      (local.set $v1 (i64x2.add (local.get $v1) (i64x2.add (local.get $m0) (v128.load (local.get $from)))))
      (local.set $v1b (i64x2.add (local.get $v1b) (i64x2.add (local.get $m0b) (v128.load offset=16 (local.get $from)))))
      (local.set $m0 (v128.xor (local.get $m0) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v1) (local.get $v1))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v0) (local.get $v0)))))
      (local.set $m0b (v128.xor (local.get $m0b) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v1b) (local.get $v1b))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v0b) (local.get $v0b)))))
      (local.set $v0 (i64x2.add (local.get $v0) (local.get $m1)))
      (local.set $v0b (i64x2.add (local.get $v0b) (local.get $m1b)))
      (local.set $m1 (v128.xor (local.get $m1) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v0) (local.get $v0))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v1) (local.get $v1)))))
      (local.set $m1b (v128.xor (local.get $m1b) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v0b) (local.get $v0b))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v1b) (local.get $v1b)))))
      (local.set $v0 (i64x2.add (local.get $v0)
        (i8x16.swizzle (local.get $v1) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v0b (i64x2.add (local.get $v0b)
        (i8x16.swizzle (local.get $v1b) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v1 (i64x2.add (local.get $v1)
        (i8x16.swizzle (local.get $v0) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v1b (i64x2.add (local.get $v1b)
        (i8x16.swizzle (local.get $v0b) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (br $again)))
  ;; The hash of 16 bytes at $head and $length bytes at $at, 16 at least, with the key at $key: all that a record without
  ;; headers needs, in registers.
  (func (export "two") (param $key i32) (param $head i32) (param $at i32) (param $length i32) (result i64)
    (local $v0 v128) (local $v0b v128) (local $v1 v128) (local $v1b v128)
    (local $m0 v128) (local $m0b v128) (local $m1 v128) (local $m1b v128)
    (local $p v128) (local $pb v128) (local $word i32) (local $left i32) (local $whole v128)
    (local.set $m0 (v128.const i64x2 0xdbe6d5d5fe4cce2f 0xa4093822299f31d0))
    (local.set $m0b (v128.const i64x2 0x13198a2e03707344 0x243f6a8885a308d3))
    (local.set $m1 (v128.const i64x2 0x3bd39e10cb0ef593 0xc0acf169b5f18a8c))
    (local.set $m1b (v128.const i64x2 0xbe5466cf34e90c6c 0x452821e638d01377))
    (local.set $v0 (v128.load (local.get $key)))
    (local.set $v0b (v128.load offset=16 (local.get $key)))
    (local.set $v1 (v128.xor (local.get $m1)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0) (local.get $v0))))
    (local.set $v1b (v128.xor (local.get $m1b)
      (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0b) (local.get $v0b))))
    (local.set $v0 (v128.xor (local.get $m0) (local.get $v0)))
    (local.set $v0b (v128.xor (local.get $m0b) (local.get $v0b)))
    (local.set $p (v128.load (local.get $head)))
    (local.set $pb (v128.load (local.get $at)))
    (local.set $at (i32.add (local.get $at) (i32.const 16)))
    (local.set $length (i32.sub (local.get $length) (i32.const 16)))
    ;; rounds that are left when there is no byte more
    (local.set $left (i32.const 4))
    (loop $again
      (local.set $v1 (i64x2.add (local.get $v1) (i64x2.add (local.get $m0) (local.get $p))))
      (local.set $v1b (i64x2.add (local.get $v1b) (i64x2.add (local.get $m0b) (local.get $pb))))
      (local.set $m0 (v128.xor (local.get $m0) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v1) (local.get $v1))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v0) (local.get $v0)))))
      (local.set $m0b (v128.xor (local.get $m0b) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v1b) (local.get $v1b))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v0b) (local.get $v0b)))))
      (local.set $v0 (i64x2.add (local.get $v0) (local.get $m1)))
      (local.set $v0b (i64x2.add (local.get $v0b) (local.get $m1b)))
      (local.set $m1 (v128.xor (local.get $m1) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v0) (local.get $v0))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v1) (local.get $v1)))))
      (local.set $m1b (v128.xor (local.get $m1b) (i64x2.extmul_low_i32x4_u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $v0b) (local.get $v0b))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $v1b) (local.get $v1b)))))
      (local.set $v0 (i64x2.add (local.get $v0)
        (i8x16.swizzle (local.get $v1) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v0b (i64x2.add (local.get $v0b)
        (i8x16.swizzle (local.get $v1b) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v1 (i64x2.add (local.get $v1)
        (i8x16.swizzle (local.get $v0) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (local.set $v1b (i64x2.add (local.get $v1b)
        (i8x16.swizzle (local.get $v0b) (v128.const i8x16 3 12 2 5 14 1 15 0 11 4 10 13 9 6 8 7))))
      (if (i32.ge_u (local.get $length) (i32.const 32))
        (then
          (local.set $p (v128.load (local.get $at)))
          (local.set $pb (v128.load offset=16 (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 32)))
          (local.set $length (i32.sub (local.get $length) (i32.const 32)))
          (br $again)))
      (if (local.get $length)
        (then
          ;; the last packet: its whole words of 4 bytes, and what is left of it or its last 4 bytes behind
          (local.set $v0 (i64x2.add (local.get $v0) (i32x4.splat (local.get $length))))
          (local.set $v0b (i64x2.add (local.get $v0b) (i32x4.splat (local.get $length))))
          (local.set $word (i32.sub (i32.const 32) (local.get $length)))
          (local.set $v1 (v128.or (i32x4.shl (local.get $v1) (local.get $length)) (i32x4.shr_u (local.get $v1) (local.get $word))))
          (local.set $v1b (v128.or (i32x4.shl (local.get $v1b) (local.get $length)) (i32x4.shr_u (local.get $v1b) (local.get $word))))
          (local.set $p (v128.load (local.get $at)))
          (local.set $whole (i32x4.splat (i32.shr_u (local.get $length) (i32.const 2))))
          (if (i32.ge_u (local.get $length) (i32.const 16))
            (then
              (local.set $pb (i32x4.replace_lane 3
                (v128.and (v128.load offset=16 (local.get $at))
                  (i32x4.gt_u (local.get $whole) (v128.const i32x4 4 5 6 7)))
                (i32.load (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 4))))))
            (else
              (local.set $p (v128.and (local.get $p)
                (i32x4.gt_u (local.get $whole) (v128.const i32x4 0 1 2 3))))
              (local.set $word (i32.const 0))
              (if (i32.and (local.get $length) (i32.const 3))
                (then
                  (local.set $head (i32.add (local.get $at) (i32.and (local.get $length) (i32.const 28))))
                  (local.set $word (i32.or
                    (i32.load8_u (local.get $head))
                    (i32.or
                      (i32.shl
                        (i32.load8_u (i32.add (local.get $head)
                          (i32.shr_u (i32.and (local.get $length) (i32.const 3)) (i32.const 1))))
                        (i32.const 8))
                      (i32.shl
                        (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 1)))
                        (i32.const 16)))))))
              (local.set $pb (i32x4.replace_lane 0 (v128.const i64x2 0 0) (local.get $word)))))
          (local.set $length (i32.const 0))
          (br $again)))
      ;; four rounds of the state mixed into itself end it
      (if (local.get $left)
        (then
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (local.set $p (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0b) (local.get $v0b)))
          (local.set $pb (i8x16.shuffle 4 5 6 7 0 1 2 3 12 13 14 15 8 9 10 11 (local.get $v0) (local.get $v0)))
          (br $again))))
    (i64x2.extract_lane 0
      (i64x2.add (i64x2.add (local.get $v0) (local.get $v1)) (i64x2.add (local.get $m0) (local.get $m1))))))
