using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text.RegularExpressions;
using XLLM.Gateway.Metrics;
using XLLM.Gateway.Tests.Hosting;

namespace XLLM.Gateway.Tests.Metrics;

public sealed partial class PrometheusTextTests
{
    [Fact]
    public void EveryKind_IsWrittenAsPrometheusReadsIt()
    {
        using var meter = new Meter($"test-{Guid.NewGuid()}");
        using var collector = new MetricsCollector(10, name => name == meter.Name);
        var counter = meter.CreateCounter<long>("a.requests", "{request}", "Back\\slash\nand line.");
        counter.Add(2, new KeyValuePair<string, object?>("model", "q\"uo\\te\n"));
        counter.Add(3, new KeyValuePair<string, object?>("model", "q\"uo\\te\n"));
        counter.Add(1);
        meter.CreateUpDownCounter<int>("b.active").Add(-4);
        meter.CreateGauge<double>("c.usage", "1").Record(0.5);
        meter.CreateObservableGauge("d.free", () => 7, "By");
        var histogram = meter.CreateHistogram("e.time", "s", null, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        histogram.Record(0.1, new KeyValuePair<string, object?>("le", "x"), new KeyValuePair<string, object?>("k.1", null));
        histogram.Record(0.5, new KeyValuePair<string, object?>("le", "x"), new KeyValuePair<string, object?>("k.1", null));
        histogram.Record(9, new KeyValuePair<string, object?>("le", "x"), new KeyValuePair<string, object?>("k.1", null));

        Assert.Equal(
            """
            # HELP a_requests_total Back\\slash\nand line.
            # TYPE a_requests_total counter
            a_requests_total 1
            a_requests_total{model="q\"uo\\te\n"} 5
            # TYPE b_active gauge
            b_active -4
            # TYPE c_usage_ratio gauge
            c_usage_ratio 0.5
            # TYPE d_free_bytes gauge
            d_free_bytes 7
            # TYPE e_time_seconds histogram
            e_time_seconds_bucket{k_1="",le="0.1"} 1
            e_time_seconds_bucket{k_1="",le="1"} 2
            e_time_seconds_bucket{k_1="",le="+Inf"} 3
            e_time_seconds_sum{k_1=""} 9.6
            e_time_seconds_count{k_1=""} 3

            """,
            PrometheusText.Write(collector.Collect()));
    }

    [Fact]
    public void ObservedValues_AreNotAddedUpOverScrapes_ButOverInstruments()
    {
        using var one = new Meter($"test-{Guid.NewGuid()}");
        using var two = new Meter(one.Name);
        using var collector = new MetricsCollector(10, name => name == one.Name);
        var label = new KeyValuePair<string, object?>("model", "m");
        one.CreateObservableGauge("xllm.engine.sequences.running", () => new Measurement<int>(2, label));
        two.CreateObservableGauge("xllm.engine.sequences.running", () => new Measurement<int>(3, label));
        for (var scrape = 0; scrape < 2; scrape++)
        {
            var text = PrometheusText.Write(collector.Collect());
            Assert.Contains("xllm_engine_sequences_running{model=\"m\"} 5\n", text, StringComparison.Ordinal);
            Assert.Contains("vllm:num_requests_running{model_name=\"m\"} 5\n", text, StringComparison.Ordinal);
        }

        two.Dispose();
        Assert.Contains("vllm:num_requests_running{model_name=\"m\"} 2\n", PrometheusText.Write(collector.Collect()), StringComparison.Ordinal);
    }

    [Fact]
    public void LabelSetsAboveTheBound_AreJoined()
    {
        using var meter = new Meter($"test-{Guid.NewGuid()}");
        using var collector = new MetricsCollector(3, name => name == meter.Name);
        var counter = meter.CreateCounter<int>("x");
        for (var i = 0; i < 10; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("id", i));
        }

        var family = Assert.Single(collector.Collect());
        Assert.Equal(4, family.Series.Count);
        Assert.Equal(10, family.Series.Sum(series => series.Value));
        Assert.Contains("x_total{overflow=\"true\"} 7\n", PrometheusText.Write([family]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheEndpoint_ShowsRequests_UnderOurNamesAndTheOthers()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.PostJsonAsync("/v1/chat/completions", """{"model":"tiny","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}""");
        using var response = await host.Http.GetAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

        AssertValid(text);
        foreach (var name in MetricAlias.Table.Where(entry => entry.Key.StartsWith("xllm.gateway", StringComparison.Ordinal)).Select(entry => entry.Value.Name))
        {
            Assert.Contains($"# TYPE {name} ", text, StringComparison.Ordinal);
        }

        Assert.Contains("vllm:request_success_total{model_name=\"tiny\",finished_reason=\"stop\"} ", text, StringComparison.Ordinal);
        Assert.Contains("http_requests_total{handler=\"/v1/chat/completions\",method=\"POST\",status=\"200\"} ", text, StringComparison.Ordinal);
        Assert.Contains("vllm:time_to_first_token_seconds_bucket{model_name=\"tiny\",le=\"0.001\"} ", text, StringComparison.Ordinal);
    }

    /// <summary>Each family is described once, its lines lie together, no series comes twice, histograms are cumulative.</summary>
    private static void AssertValid(string text)
    {
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        var (family, families, series) = ("", new HashSet<string>(), new HashSet<string>());
        double below = 0;
        foreach (var line in text.Split('\n')[..^1])
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                continue;
            }

            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
            {
                family = line.Split(' ')[2];
                Assert.True(families.Add(family), line);
                continue;
            }

            var match = SampleLine().Match(line);
            Assert.True(match.Success, line);
            Assert.Matches($"^{Regex.Escape(family)}(_bucket|_sum|_count)?$", match.Groups[1].Value);
            Assert.True(series.Add(match.Groups[1].Value + match.Groups[2].Value), line);
            var value = double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture);
            if (match.Groups[1].Value.EndsWith("_bucket", StringComparison.Ordinal))
            {
                Assert.True(value >= below, line);
                below = line.Contains("le=\"+Inf\"", StringComparison.Ordinal) ? 0 : value;
            }
        }
    }

    [GeneratedRegex("""^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (\S+)$""")]
    private static partial Regex SampleLine();
}
