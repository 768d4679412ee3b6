import fc from "fast-check";
import { expect, test } from "vitest";
import { isAllowedSource, isCidr } from "../../../src/auth/jwt/source_address.ts";
import { sources } from "./vectors.ts";

test("an address is in a token's networks when nats-server says so", () => {
  const all = sources();
  expect(all.length).toBeGreaterThan(700);
  expect(all.filter(({ Src, Host, Allowed }) => isAllowedSource(Src, Host) !== Allowed)).toEqual([]);
});

test("an address is in its own network and, when it is IPv4, in 0.0.0.0/0", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(128), (address, bits) => {
      const isV4 = !address.includes(":");
      const cidr = `${address}/${isV4 ? bits % 33 : bits}`;
      expect([isCidr(cidr), isAllowedSource([cidr], address)]).toEqual([true, true]);
      if (isV4) expect(isAllowedSource(["0.0.0.0/0"], address)).toBe(true);
    }),
  );
});

test("no text makes it throw", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (cidr, host) => {
      expect(isAllowedSource([cidr], host)).toBe(false);
    }),
  );
});
