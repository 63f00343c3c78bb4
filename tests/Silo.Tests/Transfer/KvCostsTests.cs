using XLLM.Silo.Transfer;

namespace XLLM.Silo.Tests.Transfer;

public sealed class KvCostsTests
{
    [Fact]
    public void AFit_FindsTheWeights_AndFollowsWhenTheyChange()
    {
        var random = new Random(1);
        var fit = new OnlineFit([0, 0], [1000, 1000], remember: 0.95);
        Feed(2, 3);
        Assert.Equal(2 + (3 * 4.5), fit.Predict([1, 4.5]), 0.05);
        Feed(5, 1);
        Assert.Equal(5 + 4.5, fit.Predict([1, 4.5]), 0.05);

        void Feed(double a, double b)
        {
            for (var i = 0; i < 300; i++)
            {
                var x = random.NextDouble() * 10;
                fit.Add([1, x], a + (b * x) + ((random.NextDouble() - 0.5) * 0.01));
            }
        }
    }

    [Fact]
    public void AWeightBelowZero_MakesNothingCheaper()
    {
        var fit = new OnlineFit([0, 0], [1000, 1000]);
        fit.Add([1, 1], 10);
        fit.Add([1, 2], 8);

        Assert.True(fit.Predict([1, 100]) >= fit.Predict([1, 1]));
    }

    [Fact]
    public void Recompute_IsUnknown_UntilStepsWereSeen()
    {
        var costs = new KvCosts();
        Assert.Null(costs.Recompute(0, 100));
        Assert.Equal(TimeSpan.Zero, costs.Recompute(100, 100));
        Learn(costs);
        Assert.Equal(Milliseconds(0, 2048), costs.Recompute(0, 2048)!.Value.TotalMilliseconds, 20.0);
        Assert.Equal(Milliseconds(1024, 2048), costs.Recompute(1024, 2048)!.Value.TotalMilliseconds, 20.0);
    }

    [Fact]
    public void Choose_LoadsAll_WhileNothingIsKnownOfComputing() =>
        Assert.Equal(2, LoadChoice.Choose([new(KvSource.Host, 4, 1000), new(KvSource.Storage, 4, long.MaxValue / 4)], 0, 16, new KvCosts()).Segments);

    [Fact]
    public void Choose_LoadsWhatIsCheaperThanComputing_AndNothingElse()
    {
        var costs = new KvCosts();
        Learn(costs);
        for (var i = 0; i < 50; i++)
        {
            costs.NoteLoad(KvSource.Host, (i + 1) * 1_000_000, TimeSpan.FromMilliseconds(0.1 + (i * 0.2)));
            costs.NoteLoad(KvSource.Storage, (i + 1) * 1_000_000, TimeSpan.FromMilliseconds(5 + (i * 500)));
        }

        // 512 tokens take about 150 ms to compute; 4 MB take about 1 ms from the host and 1.5 s from this slow storage.
        Assert.Equal(1, LoadChoice.Choose([new(KvSource.Host, 32, 4_000_000)], 0, 16, costs).Segments);
        Assert.Equal(0, LoadChoice.Choose([new(KvSource.Storage, 32, 4_000_000)], 0, 16, costs).Segments);
        Assert.Equal(1, LoadChoice.Choose([new(KvSource.Host, 32, 4_000_000), new(KvSource.Storage, 32, 4_000_000)], 0, 16, costs).Segments);
        Assert.Equal(0, LoadChoice.Choose([], 0, 16, costs).Segments);
    }

    [Fact]
    public void Patience_IsTheTimeOfComputing_WithinItsBounds()
    {
        Assert.Equal(TimeSpan.FromSeconds(5), LoadChoice.PatienceFor(null));
        Assert.Equal(TimeSpan.FromSeconds(2), LoadChoice.PatienceFor(TimeSpan.FromSeconds(2)));
        Assert.Equal(TimeSpan.FromMilliseconds(50), LoadChoice.PatienceFor(TimeSpan.FromMilliseconds(1)));
    }

    /// <summary>A machine with a known law, seen at prompts and at decoding.</summary>
    private static void Learn(KvCosts costs)
    {
        var random = new Random(2);
        for (var i = 0; i < 400; i++)
        {
            var (rows, context) = i % 2 == 0 ? (512, random.Next(0, 4) * 512) : (random.Next(1, 16), random.Next(100, 2000));
            var attended = (long)rows * ((2 * context) + rows + 1) / 2;
            costs.NoteStep(rows, attended, TimeSpan.FromMilliseconds(Step(rows, attended)));
        }
    }

    private static double Step(int rows, long attended) => 8 + (rows * 0.25) + (attended * 0.00002);

    private static double Milliseconds(int from, int to) =>
        Enumerable.Range(0, (to - from) / 512).Sum(i => Step(512, 512L * ((2 * (from + (i * 512))) + 513) / 2));
}
