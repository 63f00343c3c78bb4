using XLLM.NativeBackends.Reference;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Weights;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ReferenceBackend _backend = new();

    public void Dispose()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void At_WalksDownTheTree_AndFinishCountsWhatWasTaken()
    {
        var seen = new List<LoadProgress>();
        var checkpoint = Open(new SafetensorsBuilder().Add("model.layers.0.up.weight", [2, 3], 1, 2, 3, 4, 5, 6).Add("model.norm.weight", [3], 1, 1, 1), progress: new Recorder(seen));

        var weight = checkpoint.At("model").At("layers.0").At("up").Matrix("weight", 2, 3);
        checkpoint.At("model.norm").Vector("weight", 3);
        var totals = checkpoint.Finish();

        Assert.Equal("model.layers.0.up.weight", weight.Name);
        Assert.Equal((2, 3), (weight.Rows, weight.Columns));
        Assert.Equal(new LoadTotals(2, 9, 36), totals);
        Assert.Equal([new LoadProgress(1, 2, 24, 36), new LoadProgress(2, 2, 36, 36)], seen);
    }

    [Fact]
    public void Finish_NamesTensorsThatAreLeftOver()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("a", [1], 1).Add("model.extra.weight", [1], 1));
        checkpoint.Vector("a", 1);

        var exception = Assert.Throws<CheckpointException>(() => checkpoint.Finish());

        Assert.Contains("1 tensors are left over after the model took its 1: \"model.extra.weight\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Finish_AllowsWhatNobodyNeeds_AndWhatTheModelSaysItIgnores()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("model.layers.0.self_attn.rotary_emb.inv_freq", [1], 1).Add("lm_head.weight", [1, 1], 1));
        checkpoint.At("lm_head").Ignore("weight");

        Assert.Equal(0, checkpoint.Finish().Tensors);
    }

    [Fact]
    public void Matrix_NamesSimilarTensors_WhenItIsMissing()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("layers.0.mlp.up_proj.weight", [1, 1], 1).Add("something.else", [1], 1));

        var exception = Assert.Throws<CheckpointException>(() => checkpoint.At("model.layers.0.mlp.up_proj").Matrix("weight", 4, 2));

        Assert.EndsWith("tensor \"model.layers.0.mlp.up_proj.weight\" [4, 2] is missing; similar names present: \"layers.0.mlp.up_proj.weight\"", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_GivesBothShapes_WhenTheyDisagree()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("a", [2, 3], 1, 2, 3, 4, 5, 6));

        Assert.Contains("tensor \"a\" is [2, 3], but config.json makes it [3, 2]", Assert.Throws<CheckpointException>(() => checkpoint.Matrix("a", 3, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_RefusesASecondTime()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("a", [1], 1));
        checkpoint.Vector("a", 1);

        Assert.Contains("takes tensor \"a\" twice", Assert.Throws<CheckpointException>(() => checkpoint.Vector("a", 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_RefusesTypesThatAreNoFloats()
    {
        var checkpoint = Open(new SafetensorsBuilder().Add("a", "I32", [1], new byte[4]).Add("b", "F64", [1], new byte[8]));

        Assert.Contains("tensor \"a\" is I32 [1]; weights are F32, BF16 or F16", Assert.Throws<CheckpointException>(() => checkpoint.Vector("a", 1)).Message, StringComparison.Ordinal);
        Assert.Contains("element type F64", Assert.Throws<CheckpointException>(() => checkpoint.Vector("b", 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Take_NamesTheElement_ThatIsNotFinite(float bad)
    {
        var matrix = Enumerable.Range(0, 100).Select(i => (float)i).ToArray();
        matrix[57] = bad;
        var checkpoint = Open(new SafetensorsBuilder().Add("norm.weight", [3], 1, 1, bad).Add("up.weight", [10, 10], matrix));

        Assert.Contains("\"norm.weight\" F32 [3] holds NaN or infinity at element 2", Assert.Throws<CheckpointException>(() => checkpoint.Vector("norm.weight", 3)).Message, StringComparison.Ordinal);
        Assert.Contains("\"up.weight\" F32 [10, 10] holds NaN or infinity at element 57", Assert.Throws<CheckpointException>(() => checkpoint.Matrix("up.weight", 10, 10)).Message, StringComparison.Ordinal);
    }

    private Checkpoint Open(SafetensorsBuilder builder, IProgress<LoadProgress>? progress = null)
    {
        builder.Write(_folder.File("model.safetensors"));
        return new Checkpoint(SafetensorsSource.Open(_folder.Path), _backend, MatrixCheck.Full, progress);
    }

    private sealed class Recorder(List<LoadProgress> seen) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => seen.Add(value);
    }
}
