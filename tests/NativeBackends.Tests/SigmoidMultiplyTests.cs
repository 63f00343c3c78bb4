using XLLM.NativeBackends.Ops;

namespace XLLM.NativeBackends.Tests;

public sealed class SigmoidMultiplyTests
{
    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SigmoidMultiply_EqualsTheReference_WithAGateForEachColumnHeadAndRow(string variant)
    {
        using var reference = new Harness("reference");
        using var subject = new Harness(variant);
        foreach (var (rows, columns, gates) in new[] { (0, 8, 8), (1, 1, 1), (3, 37, 37), (5, 96, 3), (2, 51, 3), (7, 64, 1), (4, 33, 1), (300, 20, 20) })
        {
            Compare.Close(Run(reference), Run(subject), 4e-7);

            float[] Run(Harness harness)
            {
                var x = harness.Floats(Harness.Random(1, rows * columns), rows, gap: 3) with { Columns = columns };
                harness.Ops.SigmoidMultiply(x, harness.Floats([.. Harness.Random(2, rows * gates).Select(value => value * 20)], rows, gap: 1) with { Columns = gates });
                harness.AssertGapsUntouched(x);
                return harness.Read(x);
            }
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SigmoidMultiply_GivesAnElementTheSameBits_WhereverItStands_AndHoweverWideAGateIs(string variant)
    {
        using var harness = new Harness(variant);
        var (values, gates) = (Harness.Random(3, 37), Harness.Random(4, 37));
        var alone = values.Zip(gates, (value, gate) => Run([value], [gate])[0]).ToArray();
        Compare.SameBits(alone, Run(values, gates));
        Compare.SameBits([.. values.Select(value => Run([value], [0.3f])[0])], Run(values, [0.3f]));

        float[] Run(float[] x, float[] gate)
        {
            var tensor = harness.Floats(x, 1);
            harness.Ops.SigmoidMultiply(tensor, harness.Floats(gate, 1));
            return harness.Read(tensor);
        }
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SigmoidMultiply_KeepsNaNs_AndEndsAtZeroAndAtTheNumberItself(string variant)
    {
        using var harness = new Harness(variant);
        var x = harness.Floats([1, 2, 2, 2], 1);
        harness.Ops.SigmoidMultiply(x, harness.Floats([float.NaN, -1000, 1000, 0], 1));
        Assert.Equal([float.NaN, 0, 2, 1], harness.Read(x));
    }

    [Theory]
    [MemberData(nameof(BackendVariants.All), MemberType = typeof(BackendVariants))]
    public void SigmoidMultiply_ThrowsBothShapes_WhenTheGateDoesNotDivide(string variant)
    {
        using var harness = new Harness(variant);
        Assert.Equal(
            "sigmoid_multiply: gate [2, 2] F32 does not divide the columns of x [2, 3] F32",
            Assert.Throws<OpException>(() => harness.Ops.SigmoidMultiply(harness.Floats(new float[6], 2), harness.Floats(new float[4], 2))).Message);
        Assert.Equal(
            "sigmoid_multiply: gate [1, 3] F32 does not divide the columns of x [2, 3] F32",
            Assert.Throws<OpException>(() => harness.Ops.SigmoidMultiply(harness.Floats(new float[6], 2), harness.Floats(new float[3], 1))).Message);
    }
}
