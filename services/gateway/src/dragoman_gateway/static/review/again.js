// Retranslations under way: followed until their drafts are there, and told of when they fail.
import { alarm, plural, say } from "./dom.js";
import { Problem } from "./api.js";

const SHORTEST_MS = 500;
const LONGEST_MS = 5_000;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Again {
  constructor(desk) {
    this.desk = desk;
    this.followed = new Set();
  }

  // Those of an earlier visit, or of another person.
  resume(indexes) {
    for (const index of indexes) this.follow(index);
  }

  async follow(index) {
    if (this.followed.has(index)) return;
    this.followed.add(index);
    for (let ms = SHORTEST_MS; ; ms = Math.min(ms * 1.5, LONGEST_MS)) {
      await wait(ms);
      const found = await this.#ask(index);
      if (!found || found.status === "waiting") continue;
      this.desk.store.take(found.units);
      const { current } = this.desk;
      if (found.units.some((each) => each.unit_id === current)) this.desk.again(current);
      await this.desk.recount();
      this.desk.owed.restart();
      if (found.status === "done") say(`${plural(found.unit_count, "unit")} translated again`);
      else if (found.status === "failed")
        alarm(`The units could not be translated again (${found.code}); the reason is shown under Parked.`);
      return;
    }
  }

  async #ask(index) {
    try {
      return await this.desk.api.get(`/review/retranslations/${index}`);
    } catch (error) {
      if (error instanceof Problem) return null; // asked again later
      throw error;
    }
  }
}
