// What is wrong with claims: errors that void them, times that void them today, and warnings.

export interface Issue {
  readonly text: string;
  readonly level: "error" | "time" | "warning";
}

export class Issues {
  readonly #found: Issue[] = [];

  error(text: string): void {
    this.#found.push({ text, level: "error" });
  }
  time(text: string): void {
    this.#found.push({ text, level: "time" });
  }
  warning(text: string): void {
    this.#found.push({ text, level: "warning" });
  }

  get all(): readonly Issue[] {
    return this.#found;
  }
  /** The texts of errors alone. */
  get errors(): string[] {
    return this.#found.filter((issue) => issue.level === "error").map((issue) => issue.text);
  }
  /** Whether the claims are void: by an error, or with `withTimes` by their times. */
  blocks(withTimes: boolean): boolean {
    return this.#found.some((issue) => issue.level === "error" || (withTimes && issue.level === "time"));
  }
}
