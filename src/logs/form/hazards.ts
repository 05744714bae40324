// Characters with which a text could end a line early, obey a terminal or hide on one: shown as escapes. Pure.

// C0 but for tab, DEL, C1, what some readers take for an end of line (U+2028, U+2029), and what turns the direction of text.
const hazards = /[\0-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const eachHazard = /\r?\n|[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** Those that JSON.stringify leaves as they are. */
const hidden = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;
const eachHidden = new RegExp(hidden, "g");

/** @param indent what the lines after the first begin with */
export function showHazards(text: string, indent: string): string {
  if (!hazards.test(text)) return text;
  return text.replace(eachHazard, (found) => {
    if (found.endsWith("\n")) return `\n${indent}`;
    if (found === "\r") return "\\r";
    const code = found.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : unicodeEscape(found);
  });
}

/** Of text that is JSON already. */
export function escapeHidden(json: string): string {
  return hidden.test(json) ? json.replace(eachHidden, unicodeEscape) : json;
}

/** What JSON.stringify escapes, and what it does not. Not as the complement of what is plain: that search takes three times as long. */
const unquotable = /["\\\0-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** As JSON; also of text that is no well-formed UTF-16: a lone surrogate is escaped. */
export function quoted(text: string): string {
  return `"${insideQuotes(text)}"`;
}

/** The same without the quotes around it. */
export function insideQuotes(text: string): string {
  return unquotable.test(text) ? escapeHidden(JSON.stringify(text)).slice(1, -1) : text;
}

function unicodeEscape(found: string): string {
  return `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
