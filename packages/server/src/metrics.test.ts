import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Metrics } from './metrics.ts';

describe('Metrics', () => {
  it('counts calls by method and code, and their durations into all buckets above', () => {
    const metrics = new Metrics();
    for (const seconds of [0.0005, 0.003, 60]) metrics.callEnded('s.S', 'Get', 'OK', seconds);
    metrics.callEnded('s.S', 'Get', 'NOT_FOUND', 0.001);
    const lines = metrics.toString().split('\n');
    for (const line of [
      'parley_calls_total{service="s.S",method="Get",code="OK"} 3',
      'parley_calls_total{service="s.S",method="Get",code="NOT_FOUND"} 1',
      'parley_call_duration_seconds_bucket{service="s.S",method="Get",le="0.001"} 2',
      'parley_call_duration_seconds_bucket{service="s.S",method="Get",le="0.0025"} 2',
      'parley_call_duration_seconds_bucket{service="s.S",method="Get",le="0.005"} 3',
      'parley_call_duration_seconds_bucket{service="s.S",method="Get",le="10"} 3',
      'parley_call_duration_seconds_bucket{service="s.S",method="Get",le="+Inf"} 4',
      'parley_call_duration_seconds_count{service="s.S",method="Get"} 4',
    ]) {
      assert.ok(lines.includes(line), line);
    }
  });

  it('reads gauges when it is asked', () => {
    const metrics = new Metrics();
    let waiting = 1;
    metrics.addGauge('parley_writes_waiting', 'Writes that wait for the disk.', () => waiting);
    waiting = 7;
    assert.match(metrics.toString(), /\nparley_writes_waiting 7\n# EOF\n$/);
  });
});
