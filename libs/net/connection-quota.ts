/** How many connections there may be, over all listeners that share it, and from one address. */
export class ConnectionQuota {
  private open = 0;
  private readonly perHost = new Map<string, number>();

  constructor(
    private connectionsMax: number,
    private connectionsPerHostMax: number,
  ) {}

  /** For connections that come from now on; those that are there stay. */
  setLimits(connectionsMax: number, connectionsPerHostMax: number): void {
    this.connectionsMax = connectionsMax;
    this.connectionsPerHostMax = connectionsPerHostMax;
  }

  /** Whether one more from `host` may be; each that may is given back by `release`. */
  admit(host: string): boolean {
    const ofHost = this.perHost.get(host) ?? 0;
    if (this.open >= this.connectionsMax || ofHost >= this.connectionsPerHostMax) return false;
    this.open += 1;
    this.perHost.set(host, ofHost + 1);
    return true;
  }

  release(host: string): void {
    this.open -= 1;
    const left = (this.perHost.get(host) ?? 1) - 1;
    if (left > 0) this.perHost.set(host, left);
    else this.perHost.delete(host);
  }
}
