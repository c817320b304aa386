// PouchDB replicating the records of the sync's benchmark over HTTP, as its peer. Two uses:
//   node pouchdb.cjs serve PORT        a server that keeps its databases in memory
//   node pouchdb.cjs run URL FILE      replicates the records in FILE (a JSON array) there, into another store, and
//                                      edits; prints the figures as JSON
// It looks for its packages in the folder that NODE_PATH names.
"use strict";
const PouchDB = require("pouchdb").plugin(require("pouchdb-adapter-memory"));

async function run(url, file) {
  const docs = JSON.parse(require("fs").readFileSync(file, "utf8"));
  const here = new PouchDB("here", { adapter: "memory" });
  const there = new PouchDB(`${url}/records`);
  await there.info();
  for (let i = 0; i < docs.length; i += 1000) await here.bulkDocs(docs.slice(i, i + 1000));
  const options = { batch_size: 1000, batches_limit: 10 };
  const figures = {};
  let began = performance.now();
  await here.replicate.to(there, options);
  figures.push_rows_per_second = (docs.length * 1000) / (performance.now() - began);
  const elsewhere = new PouchDB("elsewhere", { adapter: "memory" });
  began = performance.now();
  await elsewhere.replicate.from(there, options);
  figures.pull_rows_per_second = (docs.length * 1000) / (performance.now() - began);
  const edit = async (count) => {
    const rows = (await here.allDocs({ include_docs: true, limit: count })).rows;
    await here.bulkDocs(rows.map((row) => ({ ...row.doc, notes: `edit ${performance.now()}` })));
    const started = performance.now();
    await here.replicate.to(there, options);
    await elsewhere.replicate.from(there, options);
    return performance.now() - started;
  };
  const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
  const times = { one: [], many: [], nothing: [] };
  for (let i = 0; i < 9; i++) times.one.push(await edit(1));
  for (let i = 0; i < 3; i++) times.many.push(await edit(1000));
  for (let i = 0; i < 9; i++) {
    const started = performance.now();
    await elsewhere.replicate.from(there, options);
    times.nothing.push(performance.now() - started);
  }
  figures.one_edit_ms = median(times.one);
  figures.thousand_edits_ms = median(times.many);
  figures.nothing_new_ms = median(times.nothing);
  console.log(JSON.stringify(figures));
  process.exit(0);
}

function serve(port) {
  const app = require("express")();
  const inMemory = PouchDB.defaults({ adapter: "memory" });
  app.use("/", require("express-pouchdb")(inMemory, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: require("os").devNull }));
  app.listen(Number(port), "127.0.0.1", () => console.log("ready"));
}

const [what, ...rest] = process.argv.slice(2);
if (what === "serve") serve(rest[0]);
else run(rest[0], rest[1]).catch((error) => { console.error(error); process.exit(1); });
