using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Chat;
using XLLM.Grains.Interfaces.Prompts;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Prompts;

/// <summary>The pictures of a conversation: read, decoded, cut to patches and put in their places. Thread-safe.</summary>
/// <param name="processor">The model's image processor.</param>
/// <param name="options">Bounds.</param>
/// <param name="placeholder">The token that stands for pictures.</param>
/// <param name="processed">Keeps the pixels for an engine of this silo, so that they are made once.</param>
internal sealed class PromptPictures(PictureProcessor processor, PictureOptions options, int placeholder, RecentlyUsed<PictureHash, ProcessedPicture> processed)
{
    private const string Kind = "image_url";

    /// <summary>Whether a conversation has pictures.</summary>
    public static bool AreIn(ChatRequest request) => request.Messages.Any(message => message.Content.Any(part => part.Type == Kind));

    /// <summary>Reads all pictures, in the order of the messages.</summary>
    /// <exception cref="RequestException">Some cannot be used: all faults are listed, each with the path of its part.</exception>
    public IReadOnlyList<(byte[] File, PictureHash Hash, PictureGrid Grid)> Read(ChatRequest request)
    {
        var parts = Parts(request).ToArray();
        if (parts.Length > options.MaxPictures)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"the conversation has {parts.Length} pictures; at most {options.MaxPictures} are allowed", "messages");
        }

        var files = ReadFiles(parts);
        var bytes = files.Sum(file => (long)file.Length);
        if (bytes > options.MaxTotalBytes)
        {
            throw new RequestException(RequestErrors.InvalidValue, $"the pictures of the conversation have {bytes} bytes together; at most {options.MaxTotalBytes} are allowed", "messages");
        }

        return Each(parts, i =>
        {
            var picture = processor.Process(files[i]);
            processed.Add(picture.Hash, picture);
            return (files[i], picture.Hash, picture.Grid);
        });
    }

    /// <summary>Repeats the placeholders for their pictures.</summary>
    /// <param name="tokens">The prompt as the template made it: one placeholder for each picture.</param>
    /// <param name="pictures">Result of <see cref="Read"/>.</param>
    /// <exception cref="RequestException">Not as many placeholders as pictures: the text of a message has one of its own, or the template shows no pictures.</exception>
    public (int[] Tokens, PromptPicture[] Pictures) Expand(int[] tokens, IReadOnlyList<(byte[] File, PictureHash Hash, PictureGrid Grid)> pictures)
    {
        try
        {
            var (expanded, places) = PicturePlaceholders.Expand(tokens, placeholder, [.. pictures.Select(picture => picture.Grid)], processor.MergeSize);
            return (expanded, [.. places.Zip(pictures, (place, picture) => new PromptPicture
            {
                File = picture.File,
                Key = picture.Hash.ToKey(),
                FirstToken = place.FirstToken,
                PatchRows = picture.Grid.Height,
                PatchColumns = picture.Grid.Width,
            })]);
        }
        catch (PictureException fault)
        {
            throw new RequestException(RequestErrors.InvalidValue, fault.Message, "messages");
        }
    }

    private static IEnumerable<(string Path, string Url)> Parts(ChatRequest request) =>
        from message in request.Messages.Index()
        from part in message.Item.Content.Index()
        where part.Item.Type == Kind
        select ($"messages[{message.Index}].content[{part.Index}].image_url", part.Item.ImageUrl ?? "");

    private byte[][] ReadFiles((string Path, string Url)[] parts) => Each(parts, i => PictureSource.FromDataUrl(parts[i].Url, options));

    /// <summary>Does something for each picture and lists every fault.</summary>
    private static T[] Each<T>((string Path, string Url)[] parts, Func<int, T> read)
    {
        var results = new T[parts.Length];
        var faults = new List<(string Path, string Message)>();
        for (var i = 0; i < parts.Length; i++)
        {
            try
            {
                results[i] = read(i);
            }
            catch (PictureException fault)
            {
                faults.Add((parts[i].Path, $"{parts[i].Path}: {fault.Message}"));
            }
        }

        return faults.Count == 0 ? results : throw new RequestException(RequestErrors.InvalidValue, string.Join("; ", faults.Select(fault => fault.Message)), faults[0].Path);
    }
}
