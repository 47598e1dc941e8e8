// How loud the microphone is, 0 to 1, some times a second, shown on a <meter>.

export class Meter {
  constructor(element) {
    this.element = element;
    this.track = null;
  }

  follow(track) {
    if (track === this.track) return;
    this.stop();
    this.track = track;
    if (!track) return;
    this.context = new AudioContext();
    this.context.resume();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = 512;
    this.context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const loudness = Math.sqrt(samples.reduce((sum, each) => sum + each * each, 0) / samples.length);
      // Speech lies low on a linear scale.
      this.element.value = Math.min(1, Math.sqrt(loudness) * 1.6);
    }, 100);
  }

  stop() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = this.track = null;
    this.element.value = 0;
  }
}
