using XLLM.Silo.Models;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Tests.Models;

public sealed class PoolingConfigTests
{
    private const string Embedding = """
        [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
         {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
         {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
        """;

    [Fact]
    public void AnEmbeddingModel_SaysSo()
    {
        using var folder = new TemporaryFolder();
        Write(folder, Embedding, "1_Pooling", """{"word_embedding_dimension": 128, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": false, "pooling_mode_lasttoken": true}""");

        var config = PoolingConfig.Read(folder.Path)!;

        Assert.True(config.Embeds);
        Assert.True(config.Normalizes);
        Assert.Null(config.ScoreTokens);
    }

    [Fact]
    public void ARerankersModule_NamesItsTokens()
    {
        using var folder = new TemporaryFolder();
        Write(folder, """[{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "1_LogitScore", "type": "sentence_transformers.cross_encoder.modules.LogitScore"}]""", "1_LogitScore", """{"true_token_id": 9693, "false_token_id": 2152}""");

        Assert.Equal((9693, 2152), PoolingConfig.Read(folder.Path)!.ScoreTokens);
    }

    [Fact]
    public void APlainModel_HasNone()
    {
        using var folder = new TemporaryFolder();

        Assert.Null(PoolingConfig.Read(folder.Path));
        Assert.Null(PoolingConfig.Read(folder.File("model.gguf")));
    }

    [Theory]
    [InlineData("""{"pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": false}""", "\"pooling_mode_mean_tokens\" is true; supported: pooling_mode_lasttoken")]
    [InlineData("""{"pooling_mode": "mean"}""", "\"pooling_mode\" is \"mean\"; supported: lasttoken")]
    [InlineData("{}", "\"pooling_mode_lasttoken\" is not true")]
    public void PoolingThatIsNotComputed_IsRefused(string config, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, Embedding, "1_Pooling", config);

        Assert.Contains(message, Assert.Throws<UnsupportedModelException>(() => PoolingConfig.Read(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("[{\"type\": \"x\"}]")]
    [InlineData("no json")]
    [InlineData("[{\"type\": \"sentence_transformers.models.Dense\", \"path\": \"\"}]")]
    public void DamagedOrUnknownModules_AreNamedInOneLine(string modules)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("modules.json"), modules);

        Assert.Contains("modules.json", Assert.ThrowsAny<CheckpointException>(() => PoolingConfig.Read(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static void Write(TemporaryFolder folder, string modules, string name, string config)
    {
        File.WriteAllText(folder.File("modules.json"), modules);
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(folder.File(name)).FullName, "config.json"), config);
    }
}
