using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using XLLM.Silo.Diagnostics;

namespace XLLM.Silo.Tests.Diagnostics;

public sealed class EngineMetricsTests
{
    [Fact]
    public void EveryInstrument_HasAUnitAndADescription_AndTellsItsModel()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var factory = services.GetRequiredService<IMeterFactory>();
        using var one = new EngineMetrics(factory, "one");
        using var two = new EngineMetrics(factory, "two");
        var seen = new List<(string Name, string? Model, double Value)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Scope == factory)
                {
                    Assert.False(string.IsNullOrEmpty(instrument.Unit));
                    Assert.False(string.IsNullOrEmpty(instrument.Description));
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => seen.Add((instrument.Name, Model(tags), value)));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => seen.Add((instrument.Name, Model(tags), value)));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => seen.Add((instrument.Name, Model(tags), value)));
        listener.Start();

        one.Observe(() => new EngineGauges { TotalBlocks = 10, FreeBlocks = 4, HitTokens = 32, RunningSequences = 3 });
        two.Observe(() => new EngineGauges { TotalBlocks = 10, FreeBlocks = 10 });
        one.StepFinished(TimeSpan.FromMilliseconds(20), 64);
        one.FirstToken(TimeSpan.FromSeconds(2), promptTokens: 100);
        one.NextToken(TimeSpan.FromSeconds(0.5));
        one.Ended("stop", TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(0.5));
        one.Admitted(TimeSpan.FromSeconds(1));
        listener.RecordObservableInstruments();

        Assert.Contains(("gen_ai.server.time_to_first_token", "one", 2d), seen);
        Assert.Contains(("gen_ai.server.time_per_output_token", "one", 0.5), seen);
        Assert.Contains(("gen_ai.server.request.duration", "one", 3d), seen);
        Assert.Contains(("xllm.engine.step.tokens", "one", 64d), seen);
        Assert.Contains(("xllm.engine.prompt_tokens", "one", 100d), seen);
        Assert.Equal(2, seen.Count(measurement => measurement.Name == "xllm.engine.generated_tokens"));
        Assert.Contains(("xllm.engine.prefix_cache.hits", "one", 32d), seen);
        Assert.Contains(("xllm.engine.kv.usage", "one", 0.6), seen);
        Assert.Contains(("xllm.engine.kv.usage", "two", 0d), seen);
        Assert.Contains(("xllm.engine.sequences.running", "one", 3d), seen);
    }

    private static string? Model(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            if (tag.Key == "model")
            {
                return tag.Value as string;
            }
        }

        return null;
    }
}
