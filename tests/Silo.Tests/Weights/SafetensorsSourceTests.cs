using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Weights;

public sealed class SafetensorsSourceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_FollowsTheIndex_ToEveryShard()
    {
        WriteShards();
        WriteIndex("{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\",\"c\":\"2.safetensors\"}");

        var source = SafetensorsSource.Open(_folder.Path);

        Assert.Equal(["a", "b", "c"], source.Names.Order());
        Assert.Equal(16, source.TotalBytes);
        Assert.Equal([1, 2], source.Find("a", [2])!.ToFloats());
        Assert.Equal([4], source.Find("c", [1])!.ToFloats());
        Assert.Null(source.Find("d", [1]));
    }

    [Fact]
    public void Open_OffersWhatTheIndexForgets_SoThatItCanBeLeftOver()
    {
        WriteShards();
        WriteIndex("{\"a\":\"1.safetensors\",\"b\":\"2.safetensors\"}");

        Assert.Contains("c", SafetensorsSource.Open(_folder.Path).Names);
    }

    [Theory]
    [InlineData("{\"a\":\"3.safetensors\"}", "tensor \"a\" is in shard \"3.safetensors\", which is missing")]
    [InlineData("{\"a\":\"1.safetensors\",\"z\":\"2.safetensors\"}", "tensor \"z\" should be in shard \"2.safetensors\", but is not; similar names present: \"b\", \"c\"")]
    [InlineData("{\"a\":\"../1.safetensors\"}", "is no file name in the folder")]
    [InlineData("{\"a\":\"/etc/passwd\"}", "is no file name in the folder")]
    [InlineData("{\"a\":17}", "is no file name in the folder")]
    [InlineData("{}", "\"weight_map\" is missing or empty")]
    [InlineData("[]", "\"weight_map\" is missing or empty")]
    public void Open_NamesTensorAndShard_WhenTheIndexIsWrong(string map, string expected)
    {
        WriteShards();
        WriteIndex(map);

        var exception = Assert.Throws<CheckpointException>(() => SafetensorsSource.Open(_folder.Path));

        Assert.Contains("model.safetensors.index.json", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_SaysSo_WhenTheIndexIsNotJson()
    {
        File.WriteAllText(_folder.File("model.safetensors.index.json"), "{\"weight_map\":");

        Assert.Contains("cannot be read", Assert.Throws<CheckpointException>(() => SafetensorsSource.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TakesTheOneFile_WhateverItsName()
    {
        new SafetensorsBuilder().Add("a", [1], 1).Write(_folder.File("weights.safetensors"));

        Assert.Equal(["a"], SafetensorsSource.Open(_folder.Path).Names);
    }

    [Fact]
    public void Open_AsksForAnIndex_WhenThereAreSeveralFiles()
    {
        WriteShards();

        Assert.Contains("2 safetensors files (1.safetensors, 2.safetensors", Assert.Throws<CheckpointException>(() => SafetensorsSource.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TellsNoWeights_FromWeightsInAnotherFormat()
    {
        Assert.Contains("no weights", Assert.Throws<CheckpointException>(() => SafetensorsSource.Open(_folder.Path)).Message, StringComparison.Ordinal);

        File.WriteAllText(_folder.File("model.gguf"), "GGUF");

        Assert.Throws<UnsupportedModelException>(() => SafetensorsSource.Open(_folder.Path));
    }

    private void WriteShards()
    {
        new SafetensorsBuilder().Add("a", [2], 1, 2).Write(_folder.File("1.safetensors"));
        new SafetensorsBuilder().Add("b", [1], 3).Add("c", [1], 4).Write(_folder.File("2.safetensors"));
    }

    private void WriteIndex(string map) =>
        File.WriteAllText(_folder.File("model.safetensors.index.json"), map == "[]" ? "[]" : $"{{\"metadata\":{{\"total_size\":16}},\"weight_map\":{map}}}");
}
