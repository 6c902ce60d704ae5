import { readdirSync } from 'node:fs';
import { answerAll, inScope, outOfScope, thresholdRejecting } from './answers.ts';
import { firstOf, readCsv, readMeant, readRows, trainingSetOf } from './queries.ts';
import { type Benchmark, percent, train } from './report.ts';

/** What HINT3 calls a query that means none of a bot's intents. */
const NONE = 'NO_NODES_DETECTED';
const FIGURE = 'in_scope_at_dialogflow_rejection';

/** HINT3: what people asked real bots, beside what the real Dialogflow made of it. */
export const hint3: Benchmark = async (data, mode, report) => {
  const bots = firstOf(data, 'hint3') === undefined ? [] : botsIn(`${data}/hint3`);
  if (bots.length === 0) return report.skip('HINT3', 'hint3/dialogflow_BOT.csv is not there');
  const rows: string[][] = [];
  for (const bot of bots) {
    const file = (name: string) => `${data}/hint3/${name}.csv`;
    const rival = rivalOf(file(`dialogflow_${bot}`));
    const { model } = await train(trainingSetOf(readMeant(file(`${bot}_train`))), mode);
    const answers = answerAll(model, readCsv(file(`${bot}_test`), NONE));
    const at = (share: number) => inScope(answers, thresholdRejecting(answers, share));
    report.add(`${mode}.hint3.${bot}`, { [FIGURE]: at(rival.rejected) });
    report.add(`dialogflow.hint3.${bot}`, { [FIGURE]: rival.inScope });
    report.expect({
      figure: `${mode}.hint3.${bot}.${FIGURE}`,
      goal: rival.inScope,
      dialogflow: rival.inScope,
    });
    rows.push([
      bot,
      percent(rival.rejected),
      percent(rival.inScope),
      percent(at(rival.rejected)),
      percent(at(0)),
      percent(at(0.6)),
      percent(at(0.75)),
      `${percent(inScope(answers, 0.3))} / ${percent(outOfScope(answers, 0.3))}`,
    ]);
  }
  report.title(
    `HINT3, ${mode} mode, measured on the test queries: real ones, of which many mean none of the intents`,
  );
  report.table(
    [
      'bot',
      'Dialogflow rejects',
      'Dialogflow, in scope',
      'ours at the same rejection',
      'ours, none rejected',
      'at 60 %',
      'at 75 %',
      'ours at .3: in scope / rejected',
    ],
    rows,
  );
};

function botsIn(folder: string): string[] {
  const names = readdirSync(folder).map((name) => /^dialogflow_(.+)\.csv$/u.exec(name)?.[1]);
  return names.filter((name) => name !== undefined).sort();
}

/** What Dialogflow made of a bot's test queries: how many out of scope it rejected, how many in scope it got right. */
function rivalOf(file: string): { readonly rejected: number; readonly inScope: number } {
  const rows = readRows(file).map(({ label, predicted_node }) => ({
    meant: label,
    predicted: predicted_node,
  }));
  const right = (meant: boolean) => {
    const group = rows.filter((row) => (row.meant !== NONE) === meant);
    return group.filter((row) => row.predicted === row.meant).length / group.length;
  };
  return { rejected: right(false), inScope: right(true) };
}
