// DuckDB, asked over standard input and output: a line of JSON each way. Beside it lies node_modules/@duckdb/node-api.
//   {"execute": SQL}                       -> {"rows": [[text or null, ...], ...]}; statements one after the other
//   {"prepare": NAME, "sql": SQL}          -> {}
//   {"measure": NAME, "seconds": S, "least": N}  -> {"micros": [...]}, in this process, answer read to its end
import { createInterface } from 'node:readline';
import { DuckDBInstance } from '@duckdb/node-api';

const connection = await (await DuckDBInstance.create(process.argv[2])).connect();
const prepared = {};
const text = (value) => (value === null ? null : String(value));

async function execute(sql) {
  const reader = await connection.runAndReadAll(sql);
  return { rows: reader.getRows().map((row) => row.map(text)) };
}

async function measure(name, seconds, least) {
  const micros = [];
  const end = performance.now() + 1000 * seconds;
  while (micros.length < least || performance.now() < end) {
    const begin = performance.now();
    await prepared[name].runAndReadAll();
    micros.push(1000 * (performance.now() - begin));
  }
  return { micros };
}

async function answer(request) {
  if (request.execute !== undefined) return execute(request.execute);
  if (request.measure !== undefined) return measure(request.measure, request.seconds, request.least);
  prepared[request.prepare] = await connection.prepare(request.sql);
  return {};
}

for await (const line of createInterface({ input: process.stdin })) {
  let result;
  try {
    result = await answer(JSON.parse(line));
  } catch (error) {
    result = { error: String(error.message ?? error) };
  }
  process.stdout.write(JSON.stringify(result) + '\n');
}
process.exit(0);
