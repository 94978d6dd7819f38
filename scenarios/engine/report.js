// Replays the runs of an HTML report: a slider over the slots of time shows on the topology who was up and what came of
// the calls, and where that time is on the curves. The page says all of it without this script; the script only hides
// and shows. Its data is the report as `kumasim run --output json` writes it, in the page's element #report.
'use strict';

(() => {
  const STEP_MS = 120; // from one slot to the next while it plays

  const report = JSON.parse(document.getElementById('report').textContent);

  const secondsText = (seconds) => `${Number(seconds.toPrecision(6))}s`;
  const percentText = (some, all) => `${(100 * some / all).toFixed(1)}%`;
  const latencyText = (seconds) => seconds === null ? 'none' : seconds < 1 ? `${(seconds * 1000).toFixed(2)}ms` : `${seconds.toFixed(2)}s`;
  const overlaps = (intervals, begin, end) => intervals.some((one) => one.beginSeconds < end && one.endSeconds > begin);

  // What a service is when its instances are so: the worst that holds for all, `partly` where it holds for some.
  const serviceState = (states) => {
    if (states.every((state) => state === 'down')) return 'down';
    if (states.every((state) => state === 'cut')) return 'cut';
    return states.some((state) => state !== 'up') ? 'partly' : 'up';
  };
  const flowState = (calls, ok) => calls === 0 ? 'idle' : ok === calls ? 'good' : 2 * ok >= calls ? 'partly' : 'bad';

  class Replay {
    constructor(section, run) {
      this.section = section;
      this.course = run.course;
      this.id = section.id;
      this.controls = section.querySelector('.replay');
      this.slider = section.querySelector('.replay input');
      this.play = section.querySelector('.replay .play');
      this.time = section.querySelector('.replay output');
      this.now = section.querySelector('.now');
      this.chart = section.querySelector('svg.course');
      this.slots = Math.ceil(this.course.seconds / this.course.slotSeconds - 1e-9);
      this.timer = null;
      this.slider.max = this.slots - 1;
      this.slider.addEventListener('input', () => this.show(Number(this.slider.value)));
      this.play.addEventListener('click', () => this.timer === null ? this.start() : this.stop());
      section.querySelector('.replay .whole').addEventListener('click', () => this.whole());
      this.chart.addEventListener('click', (event) => this.show(this.slotAt(event)));
      for (const edge of section.querySelectorAll('.topology .flow')) {
        const first = edge.querySelector('text');
        if (first === null) continue;
        first.classList.add('first');
        first.dataset.whole = first.textContent;
      }
      this.controls.hidden = false;
    }

    // The element of the topology by the end of its id; null where it is not drawn.
    part(name) { return document.getElementById(`${this.id}-${name}`); }

    mark(element, state) {
      if (element === null) return;
      for (const known of ['up', 'partly', 'down', 'cut', 'good', 'bad', 'idle']) element.classList.toggle(`is-${known}`, known === state);
    }

    slotAt(event) {
      const box = this.chart.getBoundingClientRect();
      const x = (event.clientX - box.left) * this.chart.viewBox.baseVal.width / box.width;
      const left = Number(this.chart.dataset.left), right = Number(this.chart.dataset.right);
      const slot = Math.floor((x - left) / (right - left) * this.course.seconds / this.course.slotSeconds);
      return Math.min(Math.max(slot, 0), this.slots - 1);
    }

    show(slot) {
      const begin = slot * this.course.slotSeconds, end = begin + this.course.slotSeconds;
      this.slider.value = slot;
      this.slider.setAttribute('aria-valuetext', secondsText(begin));
      this.time.textContent = `${secondsText(begin)} to ${secondsText(Math.min(end, this.course.seconds))}`;
      this.section.classList.add('replaying');
      this.showProcesses(begin, end);
      this.showFlows(slot);
      this.showCursor(begin + this.course.slotSeconds / 2);
      this.showNow(slot, begin, end);
    }

    showProcesses(begin, end) {
      const services = new Map();
      for (const process of this.course.processes) {
        const state = overlaps(process.down, begin, end) ? 'down' : overlaps(process.cutOff, begin, end) ? 'cut' : 'up';
        if (process.service === undefined) {
          this.mark(this.part(`process-${process.process}`), state);
          continue;
        }
        if (!services.has(process.service)) services.set(process.service, []);
        services.get(process.service).push(state);
        const node = this.part(`service-${process.service}`);
        for (const line of node === null ? [] : node.querySelectorAll('text')) {
          if (line.textContent === process.process) this.mark(line, state);
        }
      }
      for (const [service, states] of services) {
        this.mark(this.part(`service-${service}`), serviceState(states));
        this.mark(this.part(`xds-${service}`), states.includes('cut') ? 'cut' : 'up');
      }
    }

    showFlows(slot) {
      for (const flow of this.course.flows) {
        const edge = this.part(`flow-${flow.from}-${flow.to}`);
        if (edge === null) continue;
        this.mark(edge, flowState(flow.calls[slot], flow.ok[slot]));
        const label = edge.querySelector('text.first');
        if (label === null) continue;
        label.textContent = flow.calls[slot] === 0 ? 'no calls' : `${flow.calls[slot]} calls, ${percentText(flow.ok[slot], flow.calls[slot])} ok`;
      }
    }

    showCursor(seconds) {
      const left = Number(this.chart.dataset.left), right = Number(this.chart.dataset.right);
      const x = left + (right - left) * Math.min(seconds / this.course.seconds, 1);
      const cursor = this.chart.querySelector('.cursor');
      cursor.setAttribute('x1', x);
      cursor.setAttribute('x2', x);
    }

    // In words, for those who do not see the colours.
    showNow(slot, begin, end) {
      const lines = [];
      for (const flow of this.course.flows) {
        if (flow.calls[slot] === 0) continue;
        lines.push(`${flow.from} → ${flow.to}: ${flow.calls[slot]} calls, ${percentText(flow.ok[slot], flow.calls[slot])} ok, ` +
                   `${flow.denied[slot]} denied, ${flow.failed[slot]} failed, p50 ${latencyText(flow.p50Seconds[slot])}, p99 ${latencyText(flow.p99Seconds[slot])}`);
      }
      for (const fault of this.course.faults) {
        const ended = fault.endSeconds === null ? Infinity : fault.endSeconds;
        if (fault.beginSeconds < end && (ended > begin || fault.beginSeconds >= begin)) lines.push(`fault: ${fault.what}`);
      }
      for (const process of this.course.processes) {
        if (overlaps(process.down, begin, end)) lines.push(`down: ${process.process}`);
        else if (overlaps(process.cutOff, begin, end)) lines.push(`cut off: ${process.process}`);
      }
      this.now.replaceChildren(...(lines.length > 0 ? lines : ['no calls']).map((line) => {
        const item = document.createElement('li');
        item.textContent = line;
        return item;
      }));
    }

    start() {
      const last = Number(this.slider.value) >= this.slots - 1;
      if (last || !this.section.classList.contains('replaying')) this.show(0);
      this.play.textContent = 'Pause';
      this.now.parentElement.setAttribute('aria-live', 'off'); // nobody can listen so fast
      this.timer = setInterval(() => {
        const next = Number(this.slider.value) + 1;
        if (next >= this.slots) return this.stop();
        this.show(next);
      }, STEP_MS);
    }

    stop() {
      clearInterval(this.timer);
      this.timer = null;
      this.play.textContent = 'Play';
      this.now.parentElement.removeAttribute('aria-live');
    }

    // Back to what the page shows without a time.
    whole() {
      this.stop();
      this.section.classList.remove('replaying');
      this.slider.value = 0;
      this.slider.removeAttribute('aria-valuetext');
      this.time.textContent = 'the whole run';
      this.now.replaceChildren();
      for (const element of this.section.querySelectorAll('.topology [class*="is-"]')) this.mark(element, null);
      for (const label of this.section.querySelectorAll('.topology text.first')) label.textContent = label.dataset.whole;
    }
  }

  for (const section of document.querySelectorAll('section.run')) {
    if (section.querySelector('.replay') === null) continue;
    new Replay(section, report.runs[Number(section.dataset.run)]);
  }
})();
