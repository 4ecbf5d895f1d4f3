const x = Promise.resolve("await x"); // await x
export const f = async () => await x;
export async function g() { await x; }
export class A { async m() { for await (const y of [x]) y.at(0); } }
