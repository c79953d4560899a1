/** Calls the REST administration; a refusal becomes an error with the server's own sentence. */
export class RestClient {
  constructor(private readonly url: string) {}

  async get(path: string): Promise<unknown> {
    return this.call('GET', path);
  }

  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await this.send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was refused (${response.status}): ${messageIn(text)}`);
    return text === '' ? null : (JSON.parse(text) as unknown);
  }

  private async send(method: string, path: string, body: unknown): Promise<Response> {
    try {
      return await fetch(new URL(path, this.url), {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    } catch (error) {
      throw new Error(`Nothing answers at ${this.url}. Is it running ("millrace up"), and is --url right?`, {
        cause: error,
      });
    }
  }
}

function messageIn(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) {
      if ('message' in body) return String(body.message);
      if ('detail' in body) return String(body.detail);
    }
  } catch {
    // Not JSON: shown as it is.
  }
  return text;
}
