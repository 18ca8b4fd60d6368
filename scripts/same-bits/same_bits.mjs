// node same_bits.mjs MODULE BLOCK...: what the program prints, from the same crate in WebAssembly.
import { readFile } from 'node:fs/promises';

const [module, ...blocks] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(await readFile(module), {});
const { memory, left, run_left, values_left } = instance.exports;
const told = length => Buffer.from(memory.buffer, left(), length).toString();
for (const [number, name] of ['exact', 'biomarkers', 'integrated'].entries()) {
    console.log(`${name} run ${told(run_left(number))}`);
    for (const block of blocks) {
        console.log(`${name} values ${told(values_left(number, Number(block)))}`);
    }
}
