// Opens a daemon's database. To be imported when there are jobs, and not before.
import type { Store } from "../store.ts";
import { loadSqlite } from "./connection.ts";
import { SqliteStore, type StoreOptions } from "./store.ts";

/** Never rejects for what is wrong with the file: then the store says so in `trouble`. */
export async function openStore(options: StoreOptions): Promise<Store> {
  return new SqliteStore(options, await loadSqlite());
}
