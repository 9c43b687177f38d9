import { toError } from "../thrown.js";
import { refusesData } from "./failure.js";

/**
 * Writes items in one statement, and, if the database refuses their data, in halves, until each item
 * that it refuses stands alone. The others are written.
 * @param write Writes items in one statement. Failures that don't concern their data reject the whole call.
 * @param refuse Called for an item that can't be written.
 */
export async function divide<Item>(
  items: readonly Item[],
  write: (items: readonly Item[]) => Promise<void>,
  refuse: (item: Item, error: Error) => void,
): Promise<void> {
  try {
    await write(items);
  } catch (error) {
    const [first] = items;
    if (first === undefined || !refusesData(error)) throw error;
    if (items.length === 1) return refuse(first, toError(error));
    const middle = Math.ceil(items.length / 2);
    await divide(items.slice(0, middle), write, refuse);
    await divide(items.slice(middle), write, refuse);
  }
}
