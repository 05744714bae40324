// Baked in by scripts/build.ts.
declare const DJOB_VERSION: string | undefined;
declare const DJOB_COMMIT: string | undefined;

export const version = typeof DJOB_VERSION === "string" ? DJOB_VERSION : "0.0.0-source";
export const commit = typeof DJOB_COMMIT === "string" ? DJOB_COMMIT : "unknown";
