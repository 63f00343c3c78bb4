using XLLM.NativeBackends.Ops;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Weights;

public sealed unsafe class DummySourceTests
{
    [Fact]
    public void Find_MakesNumbersOfMeanZeroAndDeviationTwoHundredths()
    {
        var values = Read(new DummySource("x", seed: 1).Find("model.layers.0.mlp.up_proj.weight", [1500, 2000])!);

        Assert.InRange(values.Average(), -1e-4, 1e-4);
        Assert.InRange(Math.Sqrt(values.Average(value => (double)value * value)), 0.0195, 0.0205);
        Assert.False(values.AsSpan(0, 2000).SequenceEqual(values.AsSpan(2000, 2000)));
    }

    [Fact]
    public void Find_MakesNormsOfOne_AndBiasesThatAreNot()
    {
        var source = new DummySource("x", seed: 1);

        Assert.All(Read(source.Find("model.norm.weight", [64])!), value => Assert.Equal(1, value));
        Assert.Contains(Read(source.Find("model.layers.0.self_attn.q_proj.bias", [64])!), value => value != 1 && value != 0);
    }

    [Fact]
    public void Find_MakesTheSameWeights_ForTheSameSeedAndName_InAnyOrder()
    {
        var (one, other, third) = (new DummySource("x", 1), new DummySource("x", 1), new DummySource("x", 2));
        other.Find("something.weight", [8, 8]);

        Assert.Equal(Read(one.Find("a.weight", [8, 8])!), Read(other.Find("a.weight", [8, 8])!));
        Assert.NotEqual(Read(one.Find("a.weight", [8, 8])!), Read(third.Find("a.weight", [8, 8])!));
        Assert.NotEqual(Read(one.Find("a.weight", [8, 8])!), Read(one.Find("b.weight", [8, 8])!));
    }

    private static float[] Read(HostTensor tensor)
    {
        Assert.Equal(DType.BF16, tensor.DType);
        var values = new float[tensor.Elements];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)tensor.Data)[i] << 16);
        }

        GC.KeepAlive(tensor);
        return values;
    }
}
