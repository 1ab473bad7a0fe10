/** What the engine answers in place of doing what it was asked for. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const noSuchContainer = (id: string): Refusal => new Refusal(404, `No such container: ${id}`);
export const noSuchImage = (image: string): Refusal => new Refusal(404, `No such image: ${image}`);
