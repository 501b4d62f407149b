PictureCommand.main()
