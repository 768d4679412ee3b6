// A message that a part of the server publishes. Owns nothing: its bytes are
// those of others.

const NOTHING = new Uint8Array(0);

/** A message to publish, as offsets into bytes of others; made once and reused. An empty header is none. */
export class OutMsg {
  subject: Uint8Array = NOTHING;
  subjectFrom = 0;
  subjectTo = 0;
  reply: Uint8Array = NOTHING;
  replyFrom = 0;
  replyTo = 0;
  header: Uint8Array = NOTHING;
  headerFrom = 0;
  headerTo = 0;
  body: Uint8Array = NOTHING;
  bodyFrom = 0;
  bodyTo = 0;
}
