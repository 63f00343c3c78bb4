using System.Text.Json;
using XLLM.Silo.Hosting.Verification;
using XLLM.Silo.Models;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Models;

/// <summary>The demo model that reads pictures (a trained Qwen2.5-VL) answers as the reference implementation does: from the picture file to the last token.</summary>
public sealed class DemoPictureModelTests
{
    [Theory]
    [MemberData(nameof(Backends.Present), MemberType = typeof(Backends))]
    public void EveryRecordedAnswer_IsReproduced(string backendName)
    {
        var folder = Paths.TryShared("demo-model", "vl");
        Assert.SkipWhen(folder is null, "../shared/demo-model/vl is missing");
        using var backend = Backends.Open(backendName);
        var loaded = ModelLoader.Load(folder!, backend, new ModelLoadOptions());
        var processor = new PictureProcessor(PictureProcessorConfigReader.Read(folder!), new PictureOptions());
        using var runner = new ModelRunner(backend, loaded.Model, sequences: 1, tokens: 1024);
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder!, "reference.json")));

        Assert.Equal([2833], loaded.Info.EosTokenIds);
        Assert.NotEmpty(reference.RootElement.EnumerateArray());
        foreach (var answer in reference.RootElement.EnumerateArray())
        {
            int[] prompt = [.. answer.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32())];
            int[] expected = [.. answer.GetProperty("greedy_ids").EnumerateArray().Select(id => id.GetInt32())];
            ProcessedPicture[] pictures = [.. Pictures(answer).Select(file => processor.Process(File.ReadAllBytes(Path.Combine(folder!, file))))];
            float[] pixels = [.. pictures.SelectMany(picture => picture.PixelValues)];
            var encoded = EncodedPictures.Encode(backend, loaded.Model, prompt, pixels, [.. pictures.Select(picture => picture.Grid)]);

            Assert.Equal(expected, GreedyCheck.Continue(runner, prompt, expected.Length, pictures: pictures.Length == 0 ? null : encoded));
        }
    }

    private static IEnumerable<string> Pictures(JsonElement answer) =>
        from message in answer.GetProperty("messages").EnumerateArray()
        let content = message.GetProperty("content")
        where content.ValueKind == JsonValueKind.Array
        from part in content.EnumerateArray()
        where part.TryGetProperty("image", out _)
        select part.GetProperty("image").GetString()!;
}
