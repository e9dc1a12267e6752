// What states, stages and origins are called, as on the console's other pages.

export const STATES = {
  pending: { text: "Not checked yet", tone: "quiet", icon: "clock" },
  passed: { text: "Passed", tone: "good", icon: "check" },
  needs_review: { text: "Needs review", tone: "attention", icon: "eye" },
  blocked: { text: "Blocked", tone: "bad", icon: "stop" },
  human_verified: { text: "Verified by a person", tone: "good", icon: "person" },
  left_as_is: { text: "Left as it is", tone: "quiet", icon: "minus" },
};
export const STAGES = { draft: "Draft", translated: "Translated", reviewed: "Reviewed", approved: "Approved" };
export const ORIGINS = {
  typed: "Typed",
  accepted: "Accepted",
  imported: "Imported",
  propagated: "Same as another unit",
  replaced: "Replaced",
  retranslated: "Translated again",
  undone: "Taken back",
};
export const SOURCES = {
  engine: "Engine",
  memory: "Translation memory",
  review: "Review",
  source_copy: "Copied from the source",
  previous_version: "Previous version",
};
export const TONES = { blocker: "bad", warning: "attention", info: "quiet" };
export const SEVERITIES = { blocker: "Blocks", warning: "Warning", info: "Note" };
