using XLLM.Grains.Interfaces;
using XLLM.Grains.Interfaces.Generation;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Engine;

/// <summary>Whether the pictures of a request are where its tokens say. Pure; the pixels are looked at when they are needed.</summary>
internal static class PictureChecks
{
    /// <summary>The places of a request's pictures; none for text.</summary>
    /// <exception cref="RequestException">The model reads text alone, or tokens and pictures do not agree.</exception>
    public static PicturePlacement[] Places(GenerationRequest request, ServedModel model)
    {
        if (request.Pictures.Count == 0)
        {
            return [];
        }

        if (model.Pictures is not (var token, var mergeSize))
        {
            throw Fault($"the model '{model.Name}' reads text alone, but the request has {request.Pictures.Count} pictures");
        }

        if (request.Pictures.FirstOrDefault(picture => picture.PatchRows < 1 || picture.PatchColumns < 1 || picture.PatchRows % mergeSize != 0 || picture.PatchColumns % mergeSize != 0) is { } odd)
        {
            throw Fault($"a picture has {odd.PatchRows} x {odd.PatchColumns} patches; both must be multiples of {mergeSize}");
        }

        if (request.Pictures.FirstOrDefault(picture => (long)picture.PatchRows * picture.PatchColumns / (mergeSize * mergeSize) > request.PromptTokens.Length) is { } large)
        {
            throw Fault($"a picture of {large.PatchRows} x {large.PatchColumns} patches has more tokens than the prompt, which has {request.PromptTokens.Length}");
        }

        try
        {
            var places = PicturePlaceholders.Locate(request.PromptTokens, token, [.. request.Pictures.Select(picture => new PictureGrid(1, picture.PatchRows, picture.PatchColumns))], mergeSize);
            for (var i = 0; i < places.Length; i++)
            {
                if (places[i].FirstToken != request.Pictures[i].FirstToken)
                {
                    throw Fault($"picture {i + 1} begins at token {places[i].FirstToken}, but came as beginning at {request.Pictures[i].FirstToken}");
                }
            }

            return places;
        }
        catch (PictureException fault)
        {
            throw Fault(fault.Message);
        }
    }

    private static RequestException Fault(string message) => new(RequestErrors.InvalidValue, message, "pictures");
}
