/**
 * The longest the event loop was busy without a turn for others while `work` ran, in milliseconds of processor time: a machine that is busy with other
 * things does not count.
 */
export async function longestStall(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = process.cpuUsage();
  const beat = (): void => {
    const { user, system } = process.cpuUsage(last);
    longest = Math.max(longest, (user + system) / 1000);
    last = process.cpuUsage();
  };
  const timer = setInterval(beat, 1);
  try {
    await work();
    beat();
    return longest;
  } finally {
    // A timer that is left keeps the process of a test that fails from ending.
    clearInterval(timer);
  }
}
