// The streams that an account imports: who subscribes here to a subject that an
// import covers gets a shadow in the account that exports it.
//
// Owns the shadows. They come and go with their subscription, and are made
// anew when the imports change.

import type { ByteString } from "../base/bytes.ts";
import type { StreamImport } from "../subject/sharing.ts";
import type { CheckedImport } from "../subject/sharing_check.ts";
import type { Router, SubscriptionWatch } from "./router.ts";
import { FixedSubject, type SubjectWriter, TransformedSubject } from "./subject_writer.ts";
import { shadowOf, type Subscription } from "./subscription.ts";

interface Import {
  readonly checked: CheckedImport<StreamImport>;
  readonly router: Router;
  readonly shown: SubjectWriter | undefined;
}

interface Shadow {
  readonly sub: Subscription;
  readonly router: Router;
}

export class StreamImports implements SubscriptionWatch {
  readonly #account: string;
  readonly #here: Router;
  readonly #random: (below: number) => number;
  #imports: readonly Import[] = [];
  readonly #shadows = new Map<Subscription, readonly Shadow[]>();

  constructor(account: string, here: Router, random: (below: number) => number) {
    this.#account = account;
    this.#here = here;
    this.#random = random;
  }

  /** Replaces the imports; `routerOf` knows every account they name. */
  set(imports: readonly CheckedImport<StreamImport>[], routerOf: (account: string) => Router): void {
    for (const shadows of this.#shadows.values()) for (const { sub, router } of shadows) router.remove(sub);
    this.#shadows.clear();
    this.#imports = imports.map((checked) => ({
      checked,
      router: routerOf(checked.rule.account),
      shown: this.#shownOf(checked),
    }));
    this.#here.shadows = imports.length === 0 ? undefined : this;
    if (imports.length === 0) return;
    // An account may import from itself: what is added meanwhile is not looked at.
    const present = Array.from(this.#here.subscriptions());
    for (const sub of present) if (sub.origin === sub && sub.isOpen) this.onInserted(sub);
  }

  onInserted(sub: Subscription): void {
    const shadows: Shadow[] = [];
    this.#here.effort += this.#imports.length;
    for (const { checked, router, shown } of this.#imports) {
      const there = checked.transform.patternThere(sub.subject);
      if (there === undefined) continue;
      const shadow = shadowOf(sub, there, shown);
      if (shadow === undefined) return;
      shadow.account = this.#account;
      shadow.allowsTrace = checked.rule.allowTrace;
      shadows.push({ sub: shadow, router });
      router.insert(shadow);
    }
    if (shadows.length > 0) this.#shadows.set(sub, shadows);
  }

  onRemoved(sub: Subscription): void {
    const shadows = this.#shadows.get(sub);
    if (shadows === undefined) return;
    this.#shadows.delete(sub);
    for (const { sub: shadow, router } of shadows) router.remove(shadow);
  }

  #shownOf({ transform }: CheckedImport<StreamImport>): SubjectWriter | undefined {
    if (transform.isSame) return undefined;
    if (transform.inward === undefined) return new FixedSubject(transform.local as ByteString);
    return new TransformedSubject(transform.inward, this.#random);
  }
}
