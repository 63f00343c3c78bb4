using System.Text.Json;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;
using XLLM.Testing;

namespace XLLM.Silo.Tests.Vision;

/// <summary>One vision case of the golden set: pictures, settings, and what the reference's image processor makes of them.</summary>
internal sealed class VisionGolden
{
    /// <summary>Every vision case; prompt 1 has picture 0, prompt 2 has pictures 1 and 2.</summary>
    public static readonly string[] Names = ["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "glm4v", "glm4v_moe", "qwen3_5", "qwen3_5_moe"];

    private readonly string _folder;
    private readonly SafetensorsFile _golden;

    private VisionGolden(string folder)
    {
        _folder = folder;
        _golden = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
        Config = PictureProcessorConfigReader.Read(folder);
        using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "config.json")));
        Placeholder = config.RootElement.GetProperty("image_token_id").GetInt32();
    }

    public PictureProcessorConfig Config { get; }

    public int Placeholder { get; }

    public static VisionGolden Open(string name)
    {
        if (Paths.TryShared("golden", name) is { } folder)
        {
            return new VisionGolden(folder);
        }

        Assert.Skip($"../shared/golden/{name} is missing");
        throw new InvalidOperationException("a skip does not return");
    }

    public IReadOnlyList<ReadOnlyMemory<byte>> Pictures(int prompt) =>
        [.. (prompt == 1 ? new[] { 0 } : [1, 2]).Select(picture => new ReadOnlyMemory<byte>(File.ReadAllBytes(Path.Combine(_folder, $"picture{picture}.png"))))];

    public float[] PixelValues(int prompt) => _golden.Get($"{prompt}.pixel_values").ToFloats();

    public int[] InputIds(int prompt) => _golden.Get($"{prompt}.input_ids").ToIntegers();

    public int[] PositionIds(int prompt) => _golden.Get($"{prompt}.position_ids").ToIntegers();

    public PictureGrid[] Grids(int prompt) =>
        [.. _golden.Get($"{prompt}.image_grid_thw").ToIntegers().Chunk(3).Select(grid => new PictureGrid(grid[0], grid[1], grid[2]))];
}
