using System.Text.Json;

namespace XLLM.Silo.Vision;

/// <summary>Reads preprocessor_config.json, or the "image_processor" part of processor_config.json that newer checkpoints carry.</summary>
/// <remarks>
/// What a file leaves out has the default of the processor's class in the reference. <c>min_pixels</c> and <c>max_pixels</c> at the top win over
/// <c>size</c>, whose edges are areas in these families, their names notwithstanding.
/// </remarks>
internal static class PictureProcessorConfigReader
{
    private const string FileName = "preprocessor_config.json";
    private const string CombinedFileName = "processor_config.json";
    private const string CombinedPart = "image_processor";

    // The mean and deviation of CLIP's training pictures (Radford et al. 2021, arXiv:2103.00020), the default of all processors here.
    private static readonly float[] ClipMean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] ClipDeviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>Reads the settings of a checkpoint folder.</summary>
    /// <exception cref="PictureConfigException">No such file, no JSON, or settings that cannot be used; all faults are listed.</exception>
    public static PictureProcessorConfig Read(string folder)
    {
        foreach (var name in (ReadOnlySpan<string>)[FileName, CombinedFileName])
        {
            var path = Path.Combine(folder, name);
            if (File.Exists(path))
            {
                return Parse(File.ReadAllBytes(path), path);
            }
        }

        throw new PictureConfigException($"{folder} has neither {FileName} nor {CombinedFileName}, one of which a vision model needs");
    }

    /// <summary>Reads settings from UTF-8 JSON.</summary>
    /// <param name="json">The file's bytes.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <exception cref="PictureConfigException">As for <see cref="Read"/>.</exception>
    public static PictureProcessorConfig Parse(ReadOnlyMemory<byte> json, string source)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty(CombinedPart, out var part))
            {
                root = part;
            }

            return root.ValueKind == JsonValueKind.Object
                ? new SettingsReader(root, source).Config()
                : throw new PictureConfigException($"{source}: picture settings must be a JSON object, not {root.ValueKind}");
        }
        catch (JsonException fault)
        {
            throw new PictureConfigException($"{source} is no JSON: {fault.Message}", fault);
        }
    }

    private sealed class SettingsReader(JsonElement root, string source)
    {
        private readonly List<string> _faults = [];

        public PictureProcessorConfig Config()
        {
            var type = Text("image_processor_type") ?? Text("feature_extractor_type");
            var sizing = type is null ? null : PictureSizings.Of(type);
            if (sizing is null)
            {
                throw new PictureConfigException(
                    $"{source}: image_processor_type is {(type is null ? "missing" : $"\"{type}\"")}; known are {string.Join(", ", PictureSizings.Known)}, also with Fast or Pil at the end");
            }

            var config = new PictureProcessorConfig
            {
                Sizing = sizing,
                PatchSize = Number("patch_size", 14, 1, 256),
                MergeSize = Number("merge_size", 2, 1, 16),
                TemporalPatchSize = Number("temporal_patch_size", 2, 1, 16),
                MinPixels = Pixels("min_pixels", "shortest_edge", sizing.DefaultMinPixels),
                MaxPixels = Pixels("max_pixels", "longest_edge", sizing.DefaultMaxPixels),
                Resample = Flag("do_resize") ? Filter() : null,
                Rescale = Flag("do_rescale") ? Factor() : null,
                Normalize = Flag("do_normalize") ? (Channels("image_mean", ClipMean), Channels("image_std", ClipDeviation)) : null,
            };
            if (config.MinPixels > config.MaxPixels)
            {
                _faults.Add($"fewest pixels {config.MinPixels} are more than most pixels {config.MaxPixels}");
            }

            if (config.Normalize is { } normalize && normalize.Deviation.Contains(0))
            {
                _faults.Add("image_std has a 0, by which nothing can be divided");
            }

            return _faults.Count == 0 ? config : throw new PictureConfigException($"{source}: {string.Join("; ", _faults)}");
        }

        private static JsonElement? Find(JsonElement from, string name) =>
            from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private string? Text(string name) => Find(root, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

        private bool Flag(string name) => Find(root, name) switch
        {
            null or { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            { } value => Fault(name, value, "true or false", true),
        };

        private int Number(string name, int missing, int least, int most) => Number(name, Find(root, name), missing, least, most);

        private int Number(string name, JsonElement? found, int missing, int least, int most) => found switch
        {
            null => missing,
            { ValueKind: JsonValueKind.Number } value when value.TryGetInt32(out var number) && number >= least && number <= most => number,
            { } value => Fault(name, value, $"a whole number from {least} to {most}", missing),
        };

        private int Pixels(string name, string edge, int missing)
        {
            var found = Find(root, name);
            if (found is null && Find(root, "size") is { } size)
            {
                found = Find(size, edge) ?? Find(size, name);
                name = $"size.{edge}";
            }

            return Number(name, found, missing, 1, int.MaxValue);
        }

        private ResampleFilter Filter()
        {
            var number = Number("resample", 3, 0, 5);
            if (ResampleFilter.Of(number) is { } filter)
            {
                return filter;
            }

            _faults.Add($"resample is {number}; 1 (lanczos), 2 (bilinear), 3 (bicubic) and 4 (box) are computed here");
            return ResampleFilter.Bicubic;
        }

        private double Factor() => Find(root, "rescale_factor") switch
        {
            null => 1 / 255.0,
            { ValueKind: JsonValueKind.Number } value when double.IsFinite(value.GetDouble()) && value.GetDouble() > 0 => value.GetDouble(),
            { } value => Fault("rescale_factor", value, "a number above 0", 1.0),
        };

        // One number means all channels.
        private float[] Channels(string name, float[] missing)
        {
            if (Find(root, name) is not { } value)
            {
                return missing;
            }

            var numbers = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToArray() : [value, value, value];
            return numbers.Length == Picture.Channels && numbers.All(number => number.ValueKind == JsonValueKind.Number && float.IsFinite(number.GetSingle()))
                ? [.. numbers.Select(number => (float)number.GetDouble())]
                : Fault(name, value, $"one number or {Picture.Channels}", missing);
        }

        private T Fault<T>(string name, JsonElement value, string range, T instead)
        {
            var text = value.GetRawText();
            _faults.Add($"{name} is {(text.Length <= 40 ? text : text[..40] + "...")}; it must be {range}");
            return instead;
        }
    }
}
