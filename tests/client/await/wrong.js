export const x = Promise.resolve([1]);
await x;
if (x) {
  await x;
}
for await (const y of [x]) y.at(0);
