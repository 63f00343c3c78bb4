using XLLM.NativeBackends.Decorators;
using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class DecoratorTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void CheckingOps_PassesARightBackend_AndGivesItsBits(string variant)
    {
        using var harness = new Harness(variant);
        using var checking = new CheckingOps(harness.Ops);
        var x = harness.Floats(Harness.Random(1, 7 * 33), 7, gap: 3);
        var weight = harness.Weight(Harness.Random(2, 5 * 33), 5, WeightFormat.BF16);
        Compare.SameBits(harness.Read(harness.Ops.Linear(x, weight)), harness.Read(checking.Linear(x, weight)));

        var (sum, term) = (harness.Floats(Harness.Random(3, 7 * 33), 7, gap: 3), harness.Floats(Harness.Random(4, 7 * 33), 7));
        checking.Add(sum, term);
        harness.AssertGapsUntouched(sum);
        checking.Rotate(harness.Floats(Harness.Random(5, 7 * 32), 7), checking.RopeAngles(checking.Integers([0, 1, 2, 3, 4, 5, 6]), new RopeTable(harness.Floats([1f, 0.1f], 1), 1)), 4, RopePairing.Halves);
        Assert.Equal(5, checking.Checked);
    }

    [Fact]
    public void CheckingOps_NamesOpPlaceAndBothNumbers_WhereABackendIsWrong()
    {
        using var harness = new Harness("reference");
        using var checking = new CheckingOps(new WrongOps(harness.Ops));
        var x = harness.Floats([1, 2, 3, 4], 2);
        var weight = harness.Weight([1, 0, 0, 1, 1, 1], 3);
        var error = Assert.Throws<OpException>(() => checking.Linear(x, weight));
        Assert.Equal("check: Linear some.weight row 1 column 2 is 8, the reference has 7; allowed is a difference of 0.0007", error.Message);
        error = Assert.Throws<OpException>(() => checking.Add(x, x));
        Assert.Equal("check: Add row 0 column 0 is 1, the reference has 2; allowed is a difference of 0.0004", error.Message);
        error = Assert.Throws<OpException>(() => checking.Integers([4, 5]));
        Assert.Equal("check: Integers row 0 column 1 is 6, the reference has 5", error.Message);
    }

    [Fact]
    public void TracingOps_CountsEveryCall_AndAllocatesNothingWhenWarm()
    {
        using var harness = new Harness("reference");
        var tracing = new TracingOps(harness.Ops);
        var x = harness.Floats([1, 2, 3, 4], 2);
        tracing.Add(x, x);
        var before = GC.GetAllocatedBytesForCurrentThread();
        tracing.Add(x, x);
        tracing.Add(x, x);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        var time = Assert.Single(tracing.Times);
        Assert.Equal(("Add", 3L), (time.Op, time.Calls));

        var output = new StringWriter();
        tracing.Write(output);
        Assert.Contains("Add", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("100", output.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A backend with three faults: a wrong last product, a sum that is not added, a wrong last integer.</summary>
    private sealed class WrongOps(IOps inner) : TracingOps(inner), IOps
    {
        unsafe Tensor IOps.Linear(Tensor x, Weight weight, Tensor? bias)
        {
            var y = Linear(x, weight, bias);
            ((float*)y.Data)[(y.Rows * y.Columns) - 1] += 1;
            return y;
        }

        void IOps.Add(Tensor x, Tensor y)
        {
        }

        unsafe Tensor IOps.Integers(ReadOnlySpan<int> values, int rows)
        {
            var result = Integers(values, rows);
            ((int*)result.Data)[values.Length - 1] += 1;
            return result;
        }
    }
}
