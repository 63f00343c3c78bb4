namespace XLLM.Grains.Interfaces.Prompts;

/// <summary>A picture of a prompt. It travels as its caller sent it: encoded files are ten to a hundred times smaller than the pixels that an encoder reads.</summary>
[GenerateSerializer, Immutable, Alias("xllm.prompt-picture")]
public sealed record PromptPicture
{
    /// <summary>The file's bytes: PNG, JPEG, GIF, WebP or BMP.</summary>
    [Id(0)]
    public required byte[] File { get; init; }

    /// <summary>Names what the encoder sees of it, not the file.</summary>
    [Id(1)]
    public required PictureKey Key { get; init; }

    /// <summary>Index in the prompt of its first token.</summary>
    [Id(2)]
    public required int FirstToken { get; init; }

    /// <summary>Rows of patches.</summary>
    [Id(3)]
    public required int PatchRows { get; init; }

    /// <summary>Columns of patches.</summary>
    [Id(4)]
    public required int PatchColumns { get; init; }
}

/// <summary>128 bits that name what an encoder sees of a picture: equal keys, equal encoder results.</summary>
/// <param name="High">Upper 64 bits.</param>
/// <param name="Low">Lower 64 bits.</param>
[GenerateSerializer, Immutable, Alias("xllm.picture-key")]
public readonly record struct PictureKey([property: Id(0)] ulong High, [property: Id(1)] ulong Low);
