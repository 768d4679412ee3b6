// What a server that is killed again and again must still know: everything it confirmed.
//
// A stream is worked on by one driver (kill9_driver.mjs). What it has asked for
// and has no answer to may have happened or not; the first look after a restart
// decides, and from then on it must stay so.

/**
 * A message as it was sent; `seq` is 0 until it is acknowledged or found.
 * @typedef {{ id: string, subject: string, payload: Buffer, seq: number }} Sent
 */

const LARGEST = 20_100;

export class StreamModel {
  #keptBytes = 0;

  constructor(name, config) {
    this.name = name;
    this.config = config;
    /** "absent", "there", or "maybe" while a create or delete has no answer. */
    this.presence = "absent";
    /** Descriptions it may have: the confirmed one, then those asked for. */
    this.descriptions = [config.description];
    /** By sequence, rising: what is confirmed and not removed. */
    this.kept = new Map();
    /** What the limit removed, which leaves no trace: when others are removed later a restart may bring it back. */
    this.trimmed = new Map();
    /** Sequences whose removal is confirmed. */
    this.removed = new Set();
    /** Sequences whose removal was asked for. */
    this.maybeRemoved = new Set();
    /** By id: what was sent and has no answer. */
    this.unanswered = new Map();
    /** The highest sequence ever acknowledged or seen. */
    this.lastSeq = 0;
    /** The first sequence that a confirmed purge left. */
    this.firstSeq = 0;
  }

  acknowledged(sent, seq) {
    if (seq <= this.lastSeq && (this.kept.has(seq) || this.removed.has(seq)))
      throw new Error(`${this.name}: sequence ${seq} was given twice`);
    sent.seq = seq;
    this.unanswered.delete(sent.id);
    this.#keep(seq, sent);
    this.lastSeq = Math.max(this.lastSeq, seq);
    this.#trim();
  }

  /** What the limits take when a message is acknowledged: the oldest. */
  #trim() {
    for (const [seq, sent] of this.kept) {
      if (!this.#isFull()) return;
      this.#drop(seq);
      this.trimmed.set(seq, sent);
    }
  }
  #isFull() {
    const { max_msgs = -1, max_bytes = -1 } = this.config;
    return (max_msgs > 0 && this.kept.size > max_msgs) || (max_bytes > 0 && this.#keptBytes > max_bytes);
  }

  #keep(seq, sent) {
    this.kept.set(seq, sent);
    this.#keptBytes += sizeOf(sent);
  }
  #drop(seq) {
    const sent = this.kept.get(seq);
    if (sent === undefined) return;
    this.kept.delete(seq);
    this.#keptBytes -= sizeOf(sent);
  }

  removal(seq) {
    this.maybeRemoved.delete(seq);
    this.#drop(seq);
    this.trimmed.delete(seq);
    this.removed.add(seq);
  }

  /**
   * Compares with what a server has; afterwards that is what is confirmed.
   * @param {{ state: any, description: string, messages: Map<number, { subject: string, payload: Buffer }> }} found
   * @returns {string[]} what is wrong
   */
  look({ state, description, messages }, isFinal = true) {
    const faults = [];
    const wrong = (text) => void faults.push(`${this.name}: ${text}`);
    if (!this.descriptions.includes(description))
      wrong(`description ${description}, not one of ${this.descriptions.join()}`);
    if (state.last_seq < this.lastSeq) wrong(`last sequence ${state.last_seq}, ${this.lastSeq} was acknowledged`);
    if (state.messages !== messages.size) wrong(`${state.messages} messages stated, ${messages.size} there`);
    const trimmedBelow = this.#trimmedBelow(messages);
    for (const [seq, sent] of this.kept) {
      const message = messages.get(seq);
      if (message === undefined) {
        if (!this.maybeRemoved.has(seq) && seq >= trimmedBelow) wrong(`message ${seq} (${sent.id}) is lost`);
      } else if (!isSame(message, sent))
        wrong(`message ${seq} is another: ${message.subject} ${brief(message)}, not ${sent.subject} ${brief(sent)}`);
    }
    const known = new Set([...this.kept.values()].map(({ id }) => id));
    const appeared = [];
    for (const [seq, message] of messages) {
      if (this.removed.has(seq)) wrong(`message ${seq} is there again`);
      if (this.kept.has(seq)) continue;
      const trimmed = this.trimmed.get(seq);
      const sent = trimmed?.id === idOf(message) ? trimmed : this.unanswered.get(idOf(message));
      if (sent === undefined || !isSame(message, sent))
        wrong(`message ${seq} was never sent so: ${message.subject} ${brief(message)}`);
      else if (known.has(sent.id)) wrong(`message ${sent.id} is there twice`);
      else {
        known.add(sent.id);
        appeared.push([seq, sent]);
      }
    }
    if (!isFinal) return faults;
    for (const [seq, sent] of this.kept) {
      if (messages.has(seq)) continue;
      if (this.maybeRemoved.has(seq)) this.removal(seq);
      else this.trimmed.set(seq, sent);
      this.#drop(seq);
    }
    for (const [seq, sent] of appeared) {
      sent.seq = seq;
      this.#keep(seq, sent);
      this.trimmed.delete(seq);
    }
    this.kept = new Map([...this.kept].sort(([a], [b]) => a - b));
    this.maybeRemoved.clear();
    this.unanswered.clear();
    this.descriptions = [description];
    this.lastSeq = Math.max(this.lastSeq, state.last_seq);
    this.presence = "there";
    return faults;
  }

  /** Messages below this sequence had so many behind them that the limits may have removed them. */
  #trimmedBelow(messages) {
    const { max_msgs = -1, max_bytes = -1 } = this.config;
    const all = [...new Set([...this.kept.keys(), ...this.trimmed.keys(), ...this.removed, ...messages.keys()])];
    all.sort((a, b) => b - a);
    const byCount = max_msgs > 0 ? (all[max_msgs - 1] ?? 0) : 0;
    if (max_bytes <= 0) return byCount;
    let bytes = 0;
    for (const seq of all) {
      // What was removed had its size as well, which nobody knows any more: the largest there is.
      const sent = this.kept.get(seq) ?? this.trimmed.get(seq) ?? messages.get(seq);
      bytes += sent === undefined ? LARGEST : sizeOf(sent);
      if (bytes > max_bytes) return Math.max(byCount, seq + 1);
    }
    return byCount;
  }

  /** It is not there, or is made anew. */
  forget() {
    this.presence = "absent";
    this.kept.clear();
    this.#keptBytes = 0;
    this.trimmed.clear();
    this.removed.clear();
    this.maybeRemoved.clear();
    this.unanswered.clear();
    this.lastSeq = 0;
  }
}

/** As a file store counts it. */
function sizeOf({ subject, payload }) {
  return 30 + subject.length + payload.length;
}
function isSame(message, sent) {
  return message.subject === sent.subject && message.payload.equals(sent.payload);
}
function idOf({ payload }) {
  const end = payload.indexOf(" ");
  return payload.toString("latin1", 0, end < 0 ? payload.length : end);
}
function brief({ payload }) {
  return `"${payload.toString("latin1", 0, 30)}" (${payload.length} bytes)`;
}
