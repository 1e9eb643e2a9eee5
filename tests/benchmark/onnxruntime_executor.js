// Executes one model with ONNX Runtime when told to, as executor.cpp does with ampd.
//
//   node onnxruntime_executor.js PACKAGE_FOLDER MODEL THREADS OUTPUT_PREFIX NAME=FILE.npy...
'use strict';
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const [packages, model, threads, outputPrefix, ...inputs] = process.argv.slice(2);
const runtime = require(path.resolve(packages, 'node_modules/onnxruntime-node'));

function tensorOf(file) {
  const bytes = fs.readFileSync(file);
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, end);
  const shape = header.match(/'shape': \(([^)]*)\)/)[1].split(',').filter((e) => e.trim()).map(Number);
  const content = new Uint8Array(bytes.subarray(end)).buffer;
  switch (header.match(/'descr': '([^']*)'/)[1]) {
    case '<f4': return new runtime.Tensor('float32', new Float32Array(content), shape);
    case '<i8': return new runtime.Tensor('int64', new BigInt64Array(content), shape);
    default: throw new Error(`${file} is neither float32 nor int64`);
  }
}

async function serve() {
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: ['cpu'], executionMode: 'sequential', graphOptimizationLevel: 'all',
    intraOpNumThreads: Number(threads), interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const feeds = {};
  for (const input of inputs) {
    const equal = input.lastIndexOf('=');
    feeds[input.slice(0, equal)] = tensorOf(input.slice(equal + 1));
  }
  const outputs = await session.run(feeds);
  session.outputNames.forEach((name, k) => {
    const { buffer, byteOffset, byteLength } = outputs[name].data;
    fs.writeFileSync(outputPrefix + k, Buffer.from(buffer, byteOffset, byteLength));
  });
  console.log('ready');
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const milliseconds = [];
    const cpu = process.cpuUsage();
    for (let i = 0; i < Number(line); ++i) {
      const start = process.hrtime.bigint();
      await session.run(feeds);
      milliseconds.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ ms: milliseconds, cpu_ms: (user + system) / 1e3 }));
  }
}

serve().catch((error) => {
  console.error(`onnxruntime_executor: ${error.message}`);
  process.exit(1);
});
