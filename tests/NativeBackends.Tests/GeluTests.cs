using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class GeluTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Gelu_EqualsTheReference_OverTheWholeRange(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);

        // From where the gate overflows to where it is 1, in steps that hit no round number.
        var values = Enumerable.Range(0, 30000).Select(i => (i - 15000) * 0.00671f).ToArray();
        foreach (var kind in Enum.GetValues<GeluKind>())
        {
            Compare.Close(Run(reference), Run(subject), 1e-6);

            float[] Run(Harness harness)
            {
                var x = harness.Floats(values, 100, gap: 5);
                harness.Ops.Gelu(x, kind);
                harness.AssertGapsUntouched(x);
                return harness.Read(x);
            }
        }
    }

    /// <summary>Numbers of Abramowitz and Stegun, table 26.1 (the normal distribution), and of the formulas, computed with 30 digits.</summary>
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Gelu_IsWhatItsFormulasSay(string variant)
    {
        using var harness = new Harness(variant);
        float[] x = [-6, -3, -1, -0.5f, 0, 0.5f, 1, 3, 6];
        Compare.Close([-5.91953e-9f, -0.00404970f, -0.15865525f, -0.15426877f, 0, 0.34573123f, 0.84134475f, 2.99595030f, 6], Run(GeluKind.Exact), 2e-7);
        Compare.Close([-0f, -0.00363739f, -0.15880801f, -0.15428599f, 0, 0.34571401f, 0.84119199f, 2.99636261f, 6], Run(GeluKind.Tanh), 2e-7);
        Compare.Close([.. x.Select(a => (float)(a / (1 + Math.Exp(-1.702 * a))))], Run(GeluKind.Quick), 4e-7);

        float[] Run(GeluKind kind)
        {
            var y = harness.Floats(x, 1);
            harness.Ops.Gelu(y, kind);
            return harness.Read(y);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Gelu_KeepsASmallRelativeError_WhereItsResultIsSmall(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([-6, -4], 1);
        harness.Ops.Gelu(x, GeluKind.Exact);
        var y = harness.Read(x);
        Assert.InRange(y[0] / -5.919526e-9, 1 - 1e-5, 1 + 1e-5);
        Assert.InRange(y[1] / -1.266850e-4, 1 - 1e-5, 1 + 1e-5);
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Gelu_GivesAnElementTheSameBits_WhereverItStands_AndKeepsNaNs(string variant)
    {
        using var harness = new Harness(variant);
        float[] values = [.. Harness.Random(3, 36).Select(value => 4 * value), float.NaN];
        foreach (var kind in Enum.GetValues<GeluKind>())
        {
            var alone = values.Select(value => Run([value])[0]).ToArray();
            Compare.SameBits(alone, Run(values));
            Assert.True(float.IsNaN(alone[^1]));

            float[] Run(float[] row)
            {
                var x = harness.Floats(row, 1);
                harness.Ops.Gelu(x, kind);
                return harness.Read(x);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void Gelu_ThrowsTheNumber_OfAKindThatThereIsNot(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal("gelu: kind 3 is not 0 (exact), 1 (tanh) or 2 (quick)", Assert.Throws<OpException>(() => harness.Ops.Gelu(harness.Floats([1], 1), (GeluKind)3)).Message);
    }
}
