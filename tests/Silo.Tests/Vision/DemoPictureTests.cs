using System.Text.Json;
using XLLM.Silo.Vision;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Vision;

public sealed class DemoPictureTests
{
    [Fact]
    public void EveryDemoPicture_TakesAsManyTokens_AsInItsReferencePrompt()
    {
        if (Paths.TryShared("demo-model", "vl") is not { } folder)
        {
            Assert.Skip("../shared/demo-model/vl is missing");
            return;
        }

        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        using var reference = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "reference.json")));
        var placeholder = config.RootElement.GetProperty("image_token_id").GetInt32();
        var processor = new PictureProcessor(PictureProcessorConfigReader.Read(folder), new PictureOptions());
        var prompts = 0;
        foreach (var entry in reference.RootElement.EnumerateArray())
        {
            var files = entry.GetProperty("messages").EnumerateArray()
                .Where(message => message.GetProperty("content").ValueKind == JsonValueKind.Array)
                .SelectMany(message => message.GetProperty("content").EnumerateArray())
                .Where(part => part.GetProperty("type").GetString() == "image")
                .Select(part => new ReadOnlyMemory<byte>(File.ReadAllBytes(Path.Combine(folder, part.GetProperty("image").GetString()!))))
                .ToArray();
            var ids = entry.GetProperty("prompt_ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
            var pictures = processor.ProcessAll(files);

            Assert.Equal(ids.Count(id => id == placeholder), pictures.Sum(picture => picture.Tokens));
            prompts += files.Length > 0 ? 1 : 0;
        }

        Assert.True(prompts > 0);
    }
}
