namespace XLLM.Grains.Responses;

/// <summary>A stored response as the sweep sees it. Key: response id.</summary>
[Alias("xllm.expiring-response"), GrainInterfaceType("xllm.expiring-response")]
internal interface IExpiringResponse : IGrainWithStringKey
{
    /// <summary>Deletes the response from storage if it was kept for as long as was asked.</summary>
    /// <returns>Whether nothing is stored of it any more.</returns>
    [Alias("sweep")]
    Task<bool> SweepAsync();
}
