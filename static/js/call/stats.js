// What getStats says, as the figures of the last seconds: `read` keeps what it saw before.

export class Stats {
  constructor() {
    this.before = null;
  }

  async read(pc) {
    const report = await pc.getStats();
    const now = { at: performance.now(), in: 0, out: 0, got: 0, lost: 0, frames: 0, decoded: 0 };
    let pair = null;
    let far = 0;
    let available = null;
    for (const each of report.values()) {
      if (each.type === "inbound-rtp") {
        now.in += each.bytesReceived ?? 0;
        now.got += each.packetsReceived ?? 0;
        now.lost += each.packetsLost ?? 0;
        if (each.kind === "video") now.decoded += each.framesDecoded ?? 0;
      } else if (each.type === "outbound-rtp") {
        now.out += each.bytesSent ?? 0;
      } else if (each.type === "remote-inbound-rtp") {
        far = Math.max(far, 100 * (each.fractionLost ?? 0));
      } else if (each.type === "transport" && each.selectedCandidatePairId) {
        pair = report.get(each.selectedCandidatePairId);
      } else if (!pair && each.type === "candidate-pair" && each.nominated && each.state === "succeeded") {
        pair = each;
      }
    }
    if (pair) available = pair.availableOutgoingBitrate ?? null;
    const relayed = ["localCandidateId", "remoteCandidateId"].some(
      (end) => report.get(pair?.[end])?.candidateType === "relay",
    );
    const { before } = this;
    this.before = now;
    if (!before) return null;
    const seconds = Math.max(0.1, (now.at - before.at) / 1000);
    const came = now.got - before.got;
    const lost = Math.max(0, now.lost - before.lost);
    return {
      seconds,
      rtt: 1000 * (pair?.currentRoundTripTime ?? 0),
      loss: came + lost > 0 ? (100 * lost) / (came + lost) : 0,
      lossOut: far,
      kbpsIn: ((now.in - before.in) * 8) / 1000 / seconds,
      kbpsOut: ((now.out - before.out) * 8) / 1000 / seconds,
      framesDecoded: now.decoded,
      available,
      relayed,
    };
  }
}
