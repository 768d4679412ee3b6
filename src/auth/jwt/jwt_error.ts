// Why a token was refused, in the words of nats-io/jwt. A result, never thrown.

export class JwtError {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
