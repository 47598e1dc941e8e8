// How much picture the line carries, out of the figures of every two seconds. Nothing here touches a connection.

// Rungs by the shorter side of the picture.
export const RUNGS = [
  { height: 180, maxBitrate: 150_000, maxFramerate: 15 },
  { height: 360, maxBitrate: 300_000, maxFramerate: 24 },
  { height: 540, maxBitrate: 700_000, maxFramerate: 30 },
  { height: 720, maxBitrate: 1_500_000, maxFramerate: 30 },
];
const FIRST = 1;

const WEAK_BELOW = 130_000;
const WEAK_LOSS = 15;
const WEAK_RTT = 2_000;
const SETTLING = 6;
const WEAK_FOR = 6;
const WEAK_FOR_IN_A_TRY = 4;
const TRY_AFTER = 12;
const TRY_AFTER_AT_MOST = 120;
const TRY_HOLDS = 20;
const STEADY_FOR = 6;

export const isWeak = ({ available, loss, lossOut, rtt }) =>
  (available !== null && available < WEAK_BELOW) || Math.max(loss, lossOut) > WEAK_LOSS || rtt > WEAK_RTT;

export function gradeOf({ rtt, loss, lossOut = 0, kbps }) {
  const worst = Math.max(loss, lossOut);
  if (kbps < 200 || rtt > 800 || worst > 10) return "poor";
  return kbps < 600 || rtt > 300 || worst > 3 ? "fair" : "good";
}

// Sound alone when the line has been weak for some seconds. Then, after a while without trouble, a try with the picture;
// each try that fails doubles the while, so that a picture does not come and go.
export class Judge {
  constructor() {
    this.rung = FIRST;
    this.audioOnly = false;
    this.wait = TRY_AFTER;
    this.begin();
  }

  // The picture flows anew: what the line carries shows after some seconds.
  begin() {
    this.age = this.weakFor = this.fineFor = this.roomFor = this.tightFor = 0;
  }

  // `flows`: whether a picture is sent at this moment. Returns whether anything has changed.
  take(figures, { flows }) {
    const before = `${this.rung} ${this.audioOnly}`;
    this.age += figures.seconds;
    if (this.audioOnly) this.listen(figures);
    else if (flows) this.look(figures);
    return before !== `${this.rung} ${this.audioOnly}`;
  }

  look(figures) {
    const { seconds, available } = figures;
    if (this.age < SETTLING) return;
    this.weakFor = isWeak(figures) ? this.weakFor + seconds : 0;
    if (this.weakFor >= (this.isTry ? WEAK_FOR_IN_A_TRY : WEAK_FOR)) {
      if (this.isTry) this.wait = Math.min(2 * this.wait, TRY_AFTER_AT_MOST);
      this.audioOnly = true;
      this.rung = 0;
      this.begin();
      return;
    }
    if (this.age > SETTLING + TRY_HOLDS) {
      this.isTry = false;
      this.wait = TRY_AFTER;
    }
    if (available === null) return;
    const { maxBitrate } = RUNGS[this.rung];
    this.roomFor = available > 1.4 * maxBitrate && figures.lossOut < 3 ? this.roomFor + seconds : 0;
    this.tightFor = available < 0.7 * maxBitrate || figures.lossOut > 8 ? this.tightFor + seconds : 0;
    if (this.roomFor >= STEADY_FOR && this.rung < RUNGS.length - 1) this.step(1);
    else if (this.tightFor >= STEADY_FOR / 2 && this.rung > 0) this.step(-1);
  }

  step(by) {
    this.rung += by;
    this.roomFor = this.tightFor = 0;
  }

  listen(figures) {
    const calm = Math.max(figures.loss, figures.lossOut) < 5 && figures.rtt < 1_000;
    this.fineFor = calm ? this.fineFor + figures.seconds : 0;
    if (this.fineFor < this.wait) return;
    this.audioOnly = false;
    this.isTry = true;
    this.begin();
  }
}
