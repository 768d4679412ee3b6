import { hashSync } from "bcryptjs";
import { afterEach, describe, expect, test } from "vitest";
import { MOST_KNOWN, MOST_WAITING, openPasswordHasher, type PasswordHasher } from "../../src/io/bcrypt.ts";

// From the documentation of NATS, see features.md section Z.
const known = [
  ["s3cret", "$2a$04$.93ee/j0vhjOPA3Ffs/EN.kIS5wRyvupyHNaDi6PZBrMKEtAJgsM."],
  ["s3cret", "$2b$04$mFhExmJ9/6EUXaYKd/AgIetXo8BVjUnO8FEFMbazhorBAzKYAGzdK"],
  ["s3cret", "$2x$04$mFhExmJ9/6EUXaYKd/AgIetXo8BVjUnO8FEFMbazhorBAzKYAGzdK"],
  ["s3cret", "$2y$04$mFhExmJ9/6EUXaYKd/AgIetXo8BVjUnO8FEFMbazhorBAzKYAGzdK"],
  ["t0ken", "$2a$04$lJbgpcocShM0BJeAqIyekOGco4U.PzaWOD8CjkGr8xJBb.MwKDMuO"],
] as const;
const hash = hashSync("Malmö", 4);

let hasher: PasswordHasher;
const open = (): PasswordHasher => (hasher = openPasswordHasher());
afterEach(() => hasher.close());

describe("passwords compared with bcrypt hashes", () => {
  test.each(known)("%s is the password of %s", async (password, stored) => {
    open();
    expect(await hasher.compare(password, stored)).toBe("equal");
    expect(await hasher.compare(`${password} `, stored)).toBe("different");
    expect(await hasher.compare("", stored)).toBe("different");
    expect(await hasher.compare(stored, stored)).toBe("different");
  });

  test("passwords are compared as UTF-8", async () => {
    open();
    expect(await hasher.compare("Malmö", hash)).toBe("equal");
    expect(await hasher.compare("Malmo", hash)).toBe("different");
  });

  test("what is not quite a hash equals nothing", async () => {
    open();
    for (const stored of ["$2a$11$", "$2a$99$abc", `${hash}x`, hash.slice(0, -1), "$2a$04$\0", "$2a$xx$"]) {
      expect(await hasher.compare("Malmö", stored)).toBe("different");
      expect(await hasher.compare(stored, stored)).toBe("different");
    }
  });

  test("an answer known from before comes at once, right or wrong", async () => {
    open();
    await Promise.all([hasher.compare("Malmö", hash), hasher.compare("no", hash)]);
    expect(hasher.compare("Malmö", hash)).toBe("equal");
    expect(hasher.compare("no", hash)).toBe("different");
  });

  test("the same question asked while it waits is asked once", async () => {
    open();
    const first = hasher.compare("Malmö", hash);
    expect(hasher.compare("Malmö", hash)).toBe(first);
    expect(await first).toBe("equal");
  });

  test("wrong passwords do not push out right ones", async () => {
    open();
    await hasher.compare("Malmö", hash);
    for (let i = 0; i < MOST_KNOWN + 10; i++) await hasher.compare(`no${i}`, "$2a$04$tooshort");
    expect(hasher.compare("Malmö", hash)).toBe("equal");
    expect(hasher.compare("no0", "$2a$04$tooshort")).toBeInstanceOf(Promise);
  });

  test("beyond the queue's bound a comparison is refused, and those in it are answered", async () => {
    open();
    const asked = Array.from({ length: MOST_WAITING }, async (_, i) => hasher.compare(`no${i}`, hash));
    expect(hasher.compare("Malmö", hash)).toBe("busy");
    expect(new Set(await Promise.all(asked))).toEqual(new Set(["different"]));
    expect(await hasher.compare("Malmö", hash)).toBe("equal");
  });

  test("the loop goes on while a password is compared", async () => {
    open();
    await hasher.compare("warm", hash);
    const slow = hashSync("p", 10);
    let turns = 0;
    const ticking = setInterval(() => turns++, 0);
    expect(await hasher.compare("p", slow)).toBe("equal");
    clearInterval(ticking);
    expect(turns).toBeGreaterThan(10);
  });

  test("after close everything is busy, also what was waiting", async () => {
    open();
    const waiting = hasher.compare("p", hash);
    await hasher.close();
    expect(await waiting).toBe("busy");
    expect(hasher.compare("q", hash)).toBe("busy");
    await hasher.close();
  });
});
