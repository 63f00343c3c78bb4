using XLLM.Grains.Interfaces.Catalog;
using XLLM.Silo.Hosting;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Hosting;

public sealed class TaskChoiceTests
{
    private static readonly ITokenizer Bytes = new ByteTokenizer(256);

    [Fact]
    public void APlainModel_Generates() => Assert.Equal(ModelTasks.Generate, Choose(new("m", "/models/m"), []).Tasks);

    [Fact]
    public void ACheckpointWithoutAHead_Embeds() => Assert.Equal(ModelTasks.Embed, Choose(new("m", "/models/m"), [], hasHead: false).Tasks);

    [Theory]
    [InlineData("embed")]
    [InlineData("m=embed")]
    [InlineData("other=rank", "m=embed")]
    [InlineData("rank", "m=embed")]
    public void TheOption_Decides_AndTheLastThatFitsCounts(params string[] options) => Assert.Equal(ModelTasks.Embed, Choose(new("m", "/models/m"), options).Tasks);

    [Fact]
    public void ARankerWithoutYesAndNoInItsVocabulary_IsRefused()
    {
        var fault = Assert.Throws<StartException>(() => Choose(new("m", "/models/Qwen3-Reranker-0.6B"), []));

        Assert.Contains("\"yes\" as one token", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AModelWithoutAHead_CannotGenerate() =>
        Assert.Contains("--task m=embed", Assert.Throws<StartException>(() => Choose(new("m", "/models/m"), ["generate"], hasHead: false)).Message, StringComparison.Ordinal);

    [Fact]
    public void AnUnknownTask_IsAFaultOfTheOptions()
    {
        var options = new SiloOptions();
        options.Tasks.Add("m=paint");

        Assert.Contains(options.Faults(), fault => fault == "Xllm:Tasks is paint: it must be auto, generate, embed, rank");
    }

    private static TaskChoice Choose(ModelSource source, string[] options, bool hasHead = true) => TaskChoice.Choose(source, options, hasHead, 256, Bytes);
}
