;; Estimates for `count` codes of `words` words of 64 bits each, one after the other from `code` on:
;;   gain * (2 * step * level + 2 * least * ones - sum)
;; where `level` is the sum of the question's levels (0 to 15) over the code's ones: for each plane of
;; the question the number of bits that it shares with the code, times the plane's weight.
(module
  (memory (export "memory") 1)
  (func (export "scan")
    (param $code i32) (param $count i32) (param $words i32) (param $planes i32) (param $out i32)
    (param $step2 f32) (param $least2 f32) (param $sum f32)
    (local $left i32) (local $plane i32) (local $bits i64)
    (local $ones i64) (local $twos i64) (local $fours i64) (local $eights i64)
    (loop $codes
      (local.set $ones (i64.const 0))
      (local.set $twos (i64.const 0))
      (local.set $fours (i64.const 0))
      (local.set $eights (i64.const 0))
      (local.set $left (local.get $words))
      (local.set $plane (local.get $planes))
      (loop $word
        (local.set $bits (i64.load (local.get $code)))
        (local.set $ones (i64.add (local.get $ones)
          (i64.popcnt (i64.and (local.get $bits) (i64.load (local.get $plane))))))
        (local.set $twos (i64.add (local.get $twos)
          (i64.popcnt (i64.and (local.get $bits) (i64.load offset=8 (local.get $plane))))))
        (local.set $fours (i64.add (local.get $fours)
          (i64.popcnt (i64.and (local.get $bits) (i64.load offset=16 (local.get $plane))))))
        (local.set $eights (i64.add (local.get $eights)
          (i64.popcnt (i64.and (local.get $bits) (i64.load offset=24 (local.get $plane))))))
        (local.set $code (i32.add (local.get $code) (i32.const 8)))
        (local.set $plane (i32.add (local.get $plane) (i32.const 32)))
        (br_if $word (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      (f32.store (local.get $out)
        (f32.mul (f32.load (local.get $code))
          (f32.sub
            (f32.add
              (f32.mul (local.get $step2)
                (f32.convert_i64_u
                  (i64.add
                    (i64.add (local.get $ones) (i64.shl (local.get $twos) (i64.const 1)))
                    (i64.add (i64.shl (local.get $fours) (i64.const 2))
                      (i64.shl (local.get $eights) (i64.const 3))))))
              (f32.mul (local.get $least2) (f32.load offset=4 (local.get $code))))
            (local.get $sum))))
      (local.set $code (i32.add (local.get $code) (i32.const 8)))
      (local.set $out (i32.add (local.get $out) (i32.const 4)))
      (br_if $codes (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))))
